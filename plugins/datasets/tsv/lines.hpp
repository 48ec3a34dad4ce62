// Labelled lines of text: a whole number, a tab or a space, words between white space. Words are
// byte strings, so text in any encoding that keeps ASCII goes through unchanged.
#pragma once

#include "../common/file.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace tsv {

using datasets::wrong;

struct Line {
    std::int64_t label;
    std::vector<std::string> words;
};

inline bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

inline std::vector<std::string> split(std::string_view text, bool lower_case) {
    std::vector<std::string> words;
    for (std::size_t begin = 0; begin < text.size();) {
        std::size_t end = begin;
        while (end < text.size() && !is_space(text[end])) ++end;
        if (end > begin) words.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    if (lower_case)
        for (std::string &word : words)
            for (char &c : word)
                if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return words;
}

/// The label before the first tab or space; -1 where there is none below `end`.
inline std::int64_t label(std::string_view digits, std::int64_t end) {
    std::int64_t value = 0;
    if (digits.empty()) return -1;
    for (const char c : digits) {
        if (c < '0' || c > '9') return -1;
        value = 10 * value + (c - '0');
        if (value >= end) return -1;
    }
    return value;
}

/// All lines of a file; empty ones are passed over. Labels are in [0, classes).
inline std::vector<Line> read_lines(const std::string &path, std::int64_t classes,
                                    bool lower_case) {
    constexpr std::size_t longest = 1U << 20;
    const datasets::Bytes bytes = datasets::read_file(path);
    std::string_view rest(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
    std::vector<Line> lines;
    for (std::int64_t number = 1; !rest.empty(); ++number) {
        const auto fault = [&](const std::string &what) {
            return wrong(path, "line " + std::to_string(number) + " " + what);
        };
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view text = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (text.size() > longest)
            throw fault("is " + std::to_string(text.size()) + " bytes long, expected " +
                        std::to_string(longest) + " at most; is this a text file?");
        if (text.find('\0') != std::string_view::npos)
            throw fault("holds a zero byte; is this a text file?");
        if (std::all_of(text.begin(), text.end(), is_space)) continue;
        const std::size_t gap = std::min(text.find_first_of("\t "), text.size());
        const std::int64_t value = label(text.substr(0, gap), classes);
        if (value < 0)
            throw fault("begins with \"" +
                        std::string(text.substr(0, std::min<std::size_t>(gap, 40))) +
                        "\", expected a label from 0 to " + std::to_string(classes - 1) +
                        " before a tab or a space");
        Line line{value, split(text.substr(gap), lower_case)};
        if (line.words.empty()) throw fault("has a label and no text");
        lines.push_back(std::move(line));
    }
    if (lines.empty()) throw wrong(path, "holds no lines");
    return lines;
}

}  // namespace tsv
