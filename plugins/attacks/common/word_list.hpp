// Files with a word, or a word and others, a line.
#pragma once

#include <spar/error.hpp>
#include <spar/kit/file_kind.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace attacks {

/// The words of each line, divided by white space; empty lines and those that begin with # are left
/// out. `expected` says in a message what the file should hold.
inline std::vector<std::vector<std::string>> word_lines(const std::string &path,
                                                        const char *expected) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw spar::bad_data(path + ": cannot open: " + std::strerror(errno));
    std::vector<std::vector<std::string>> lines;
    bool first = true;
    for (std::string line; std::getline(file, line); first = false) {
        const std::string kind =
            first ? spar::file_kind(line.substr(0, spar::file_kind_bytes)) : "";
        if (!kind.empty()) throw spar::bad_data(path + ": is " + kind + ", expected " + expected);
        if (first && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
        std::vector<std::string> words;
        if (line.starts_with('#')) continue;
        constexpr const char *space = " \t\r\v\f";
        for (std::size_t begin = line.find_first_not_of(space); begin != std::string::npos;) {
            const std::size_t end = std::min(line.find_first_of(space, begin), line.size());
            words.push_back(line.substr(begin, end - begin));
            begin = line.find_first_not_of(space, end);
        }
        if (!words.empty()) lines.push_back(std::move(words));
    }
    if (file.bad()) throw spar::bad_data(path + ": cannot read: " + std::strerror(errno));
    if (lines.empty()) throw spar::bad_data(path + ": is empty, expected " + expected);
    return lines;
}

/// ASCII capitals as small letters.
inline std::string small_letters(std::string word) {
    for (char &c : word)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return word;
}

/// Whether there is a letter or a digit in a word, and not punctuation alone.
inline bool has_letter(const std::string &word) {
    return std::any_of(word.begin(), word.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
               (c >= 'a' && c <= 'z');
    });
}

}  // namespace attacks
