// A vocabulary file: a token a line.
#pragma once

#include "unicode.hpp"

#include <spar/error.hpp>
#include <spar/kit/file_kind.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace tokenizers {

constexpr std::size_t most_tokens = 100000000;

inline spar::Error wrong_line(const std::string &path, std::size_t number,
                              const std::string &what) {
    return spar::bad_data(path + ": line " + std::to_string(number) + " " + what);
}

/// The lines without white space at their ends, which some vocabularies carry along; empty lines
/// too, because a token's number is that of its line.
inline std::vector<std::string> read_lines(const std::string &path) {
    std::error_code unknown;
    if (std::filesystem::is_directory(path, unknown))
        throw spar::bad_data(path + ": is a folder, expected a vocabulary, a token a line");
    std::ifstream file(path, std::ios::binary);
    if (!file) throw spar::bad_data(path + ": cannot open: " + std::strerror(errno));
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        const std::string kind =
            lines.empty() ? spar::file_kind(line.substr(0, spar::file_kind_bytes)) : "";
        if (!kind.empty())
            throw spar::bad_data(path + ": is " + kind + ", expected a vocabulary, a token a line");
        if (lines.empty() && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
        if (!is_text(line))
            throw wrong_line(path, lines.size() + 1,
                             "is not valid UTF-8; save the vocabulary as UTF-8");
        const std::vector<Character> characters = characters_of(line);
        std::size_t end = characters.size();
        while (end > 0 && is_space(characters[end - 1].code)) --end;
        line.resize(end > 0 ? characters[end - 1].end : 0);
        lines.push_back(std::move(line));
        if (lines.size() > most_tokens)
            throw spar::bad_data(path + ": holds more than " + std::to_string(most_tokens) +
                                 " lines, expected a vocabulary");
    }
    if (file.bad()) throw spar::bad_data(path + ": cannot read: " + std::strerror(errno));
    return lines;
}

}  // namespace tokenizers
