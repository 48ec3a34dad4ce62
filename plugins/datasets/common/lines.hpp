// The lines of a text file, whether they end in LF, CR LF or CR.
#pragma once

#include "encoding.hpp"
#include "file.hpp"

#include <algorithm>
#include <string_view>

namespace datasets {

constexpr std::size_t longest_line = std::size_t{1} << 20;

inline spar::Error wrong_line(const std::string &path, std::int64_t number,
                              const std::string &what) {
    return wrong(path, "line " + std::to_string(number) + " " + what);
}

/// How to read lines.
struct LineRules {
    Encoding encoding = Encoding::utf8;
    std::size_t longest = longest_line;
    const char *too_long = "is this a text file?";  /// how to go on after a longer one
};

/// Reads a file line by line, so that a file that is not text is refused at its first line. Whether
/// the lines are valid UTF-8 is the caller's to check.
class LineReader {
  public:
    explicit LineReader(const std::string &path, LineRules rules = {})
        : file_(path), decoder_(rules.encoding), rules_(rules) {
        const std::string kind = file_.kind();
        const bool utf16 = kind == "text in UTF-16";
        if (utf16 && rules.encoding != Encoding::utf16)
            throw wrong(path, "is UTF-16; say \"encoding\": \"utf-16\", or save it as UTF-8");
        if (!kind.empty() && !utf16) throw wrong(path, "is " + kind + ", expected lines of text");
        fill();
        if (rest().starts_with("\xEF\xBB\xBF")) begin_ += 3;
    }

    /// The next line without its end, counted from 1; false at the end of the file.
    bool next(std::string &line) {
        if (rest().empty()) return false;
        ++number_;
        std::size_t end = 0;
        for (;;) {
            end = rest().find_first_of("\n\r", end);
            if (end != std::string_view::npos || at_ == file_.size()) break;
            end = rest().size();
            if (end > rules_.longest) break;
            fill();
        }
        end = std::min(end, rest().size());
        check(rest().substr(0, end));
        line = rest().substr(0, end);
        begin_ += end;
        if (rest().size() < 2) fill();
        begin_ += rest().starts_with("\r\n") ? 2 : rest().empty() ? 0 : 1;
        return true;
    }
    std::int64_t number() const { return number_; }

  private:
    void check(std::string_view line) const {
        if (line.size() > rules_.longest)
            throw wrong_line(file_.path(), number_,
                             "is " + length(line) + " bytes long, expected " +
                                 std::to_string(rules_.longest) + " at most; " + rules_.too_long);
    }
    std::string length(std::string_view line) const {
        return (at_ == file_.size() ? "" : "more than ") + std::to_string(line.size());
    }

    std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }

    /// Reads more, after what is left.
    void fill() {
        constexpr std::int64_t step = std::int64_t{2} << 20;
        const Bytes more = file_.read(at_, step);
        at_ += static_cast<std::int64_t>(more.size());
        buffer_.erase(0, begin_);
        begin_ = 0;
        decoder_.append(more, at_ == file_.size(), buffer_);
    }

    InputFile file_;
    Decoder decoder_;
    LineRules rules_;
    std::string buffer_;
    std::size_t begin_ = 0;
    std::int64_t at_ = 0, number_ = 0;
};

}  // namespace datasets
