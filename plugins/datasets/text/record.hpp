// An example as its file has it, whatever the format.
#pragma once

#include "repairs.hpp"

#include <optional>
#include <vector>

namespace text {

struct Record {
    std::int64_t line = 0;  /// on which it begins
    std::string label, text;
    std::string second = {};  /// of a pair
};

/// Reads a file's lines, checked.
class Lines {
  public:
    Lines(const std::string &path, datasets::Encoding encoding, Repairs &repairs)
        : path_(path), reader_(path, repairs.rules(encoding)), repairs_(repairs) {}

    bool next(std::string &line) {
        if (!reader_.next(line)) return false;
        repairs_.line(reader_.number(), line);
        return true;
    }
    std::int64_t number() const { return reader_.number(); }
    const std::string &path() const { return path_; }

  private:
    std::string path_;
    datasets::LineReader reader_;
    Repairs &repairs_;
};

inline std::string trimmed(std::string_view text) {
    constexpr const char *space = " \t\r\n\v\f";
    const std::size_t begin = text.find_first_not_of(space);
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(space) - begin + 1));
}

inline void advise_on_quotes(const std::string &path, std::ptrdiff_t quoted, std::size_t all,
                             const spar::Dataset &dataset) {
    if (quoted == 0) return;
    dataset.warn({.code = "texts_in_quotes",
                  .message = path + ": " + std::to_string(quoted) + " of " + std::to_string(all) +
                             " texts are in double quotes, which are read as part of words",
                  .remedy = "say \"quotes\": \"csv\" where a CSV writer put them there, or "
                            "\"text\"",
                  .pointer = "/quotes",
                  .count = quoted});
}

}  // namespace text
