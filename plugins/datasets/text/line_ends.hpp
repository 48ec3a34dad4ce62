// Characters that some programs take for a line end and others for part of the line.
#pragma once

#include "quotes.hpp"

#include <algorithm>

namespace text {

struct OtherLineEnd {
    std::string_view bytes;  /// in UTF-8
    const char *name;
};

/// Where Python's str.splitlines() splits besides LF and CR.
constexpr OtherLineEnd other_line_ends[] = {{"\x0B", "a vertical tab"},
                                            {"\x0C", "a form feed"},
                                            {"\xC2\x85", "a next line (U+0085)"},
                                            {"\xE2\x80\xA8", "a line separator (U+2028)"},
                                            {"\xE2\x80\xA9", "a paragraph separator (U+2029)"}};

/// Warns if a text contains what looks like the next line, after a character that is not a line end
/// here.
inline void advise_on_line_ends(const std::string &path, const std::vector<Record> &records,
                                const spar::Dataset &dataset) {
    for (const OtherLineEnd &end : other_line_ends) {
        std::int64_t found = 0, line = 0;
        for (const Record &record : records)
            for (std::size_t at = 0; (at = record.text.find(end.bytes, at)) != std::string::npos;) {
                at += end.bytes.size();
                if (!begins_as_line(std::string_view(record.text).substr(at))) continue;
                if (found++ == 0) line = record.line;
            }
        if (found == 0) continue;
        dataset.warn({.code = "line_ends_in_text",
                      .message = path + ": in line " + std::to_string(line) + ", " + end.name +
                                 " precedes what looks like the next labelled line, " +
                                 std::to_string(found) +
                                 " times in the file; lines end at LF, CR LF or CR alone, so that "
                                 "it is read as part of the text",
                      .remedy = "write a line feed there, if a line is to end",
                      .pointer = "/file",
                      .count = found});
    }
}

}  // namespace text
