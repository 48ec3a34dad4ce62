// Records of fields that commas or tabs divide, in quotes as RFC 4180 has them.
#pragma once

#include "record.hpp"

namespace text {

struct Row {
    std::int64_t line = 0;  /// on which it begins
    std::vector<std::string> fields;
};

/// A whole file of rows.
class Table {
  public:
    /// With `quotes`, a field that begins with a double quote ends at the next single one; a line
    /// end inside becomes a line feed.
    Table(Lines &lines, char delimiter, bool quotes)
        : lines_(lines), delimiter_(delimiter), quotes_(quotes) {
        while (fault_.empty() && lines_.next(line_))
            if (!is_blank(line_)) read();
    }

    const std::vector<Row> &rows() const { return rows_; }
    /// What is wrong with the quotes, and the line; empty: nothing.
    const std::string &fault() const { return fault_; }
    std::int64_t fault_line() const { return fault_line_; }
    /// The rows with a quoted field, and those with one that contains what makes a writer quote.
    std::size_t quoted() const { return quoted_; }
    std::size_t needed() const { return needed_; }

  private:
    void read() {
        Row row{lines_.number(), {}};
        bool quoted = false, needed = false;
        std::size_t place = 0;
        for (bool more = true; more; ++place) {
            std::string &field = row.fields.emplace_back();
            if (quotes_ && place < line_.size() && line_[place] == '"') {
                quoted = true;
                if (!read_quoted(place, field, needed)) return;
            } else {
                const std::size_t end = std::min(line_.find(delimiter_, place), line_.size());
                field = line_.substr(place, end - place);
                if (quotes_ && field.find('"') != std::string::npos) {
                    fail("holds a quote inside an unquoted field", lines_.number());
                    return;
                }
                place = end;
            }
            more = place < line_.size();
        }
        quoted_ += quoted ? 1 : 0;
        needed_ += needed ? 1 : 0;
        rows_.push_back(std::move(row));
    }

    /// The field whose opening quote is at `place`, which moves behind the closing one.
    bool read_quoted(std::size_t &place, std::string &field, bool &needed) {
        const std::int64_t opened = lines_.number();
        for (++place;; ++place) {
            if (place >= line_.size()) {
                if (field.size() > longest_repaired || !lines_.next(line_))
                    return fail("opens a quote that is never closed", opened);
                place = std::string::npos;  // before the first character
                field += '\n';
                needed = true;
                continue;
            }
            if (line_[place] == '"') {
                if (place + 1 >= line_.size() || line_[place + 1] != '"') break;
                ++place;
                needed = true;
            }
            needed = needed || line_[place] == delimiter_;
            field += line_[place];
        }
        ++place;
        if (place < line_.size() && line_[place] != delimiter_)
            return fail(opened == lines_.number()
                            ? "continues after a closing quote"
                            : "opens a quote whose field runs up to the next quote in line " +
                                  std::to_string(lines_.number()) +
                                  "; its closing quote seems to be missing",
                        opened);
        return true;
    }

    bool fail(std::string what, std::int64_t line) {
        fault_ = std::move(what);
        fault_line_ = line;
        return false;
    }

    Lines &lines_;
    char delimiter_;
    bool quotes_;
    std::string line_, fault_;
    std::int64_t fault_line_ = 0;
    std::vector<Row> rows_;
    std::size_t quoted_ = 0, needed_ = 0;
};

}  // namespace text
