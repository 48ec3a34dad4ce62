// Fields in double quotes, as CSV writers make them (RFC 4180): a quote inside is doubled, and a
// field may contain tabs and line ends.
#pragma once

#include "record.hpp"

namespace text {

/// Whether a text begins as a line does: a whole number, perhaps in quotes, and a tab.
inline bool begins_as_line(std::string_view text) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto skip = [&](char c) {
        if (text.starts_with(c)) text.remove_prefix(1);
    };
    skip('"');
    skip('-');
    const auto end = std::find_if_not(text.begin(), text.end(), digit);
    if (end == text.begin()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
    skip('"');
    return text.starts_with('\t') || text.starts_with(' ');
}

/// A label that is a number ends at the first tab or space. One that is a name ends at the first
/// tab if there is one: it may be several words.
inline Record split_label(std::int64_t number, std::string_view line) {
    const std::size_t tab = line.find('\t');
    const std::size_t gap = begins_as_line(line) || tab == std::string_view::npos
                                ? std::min(line.find_first_of("\t "), line.size())
                                : tab;
    return {number, std::string(line.substr(0, gap)), std::string(line.substr(gap))};
}

/// Removes the quotes from consecutive lines.
class Unquoter {
  public:
    explicit Unquoter(const std::vector<Record> &lines) : lines_(lines) {}

    /// The records without their quotes; nothing, with fault() set, if a quote is where no CSV
    /// writer would put it.
    std::optional<std::vector<Record>> records() {
        std::vector<Record> records;
        for (at_ = 0; at_ < lines_.size(); ++at_) {
            const std::int64_t number = lines_[at_].line;
            std::string line = lines_[at_].label + lines_[at_].text;
            std::string label, text;
            std::size_t place = 0;
            const bool words = lines_[at_].label.find(' ') != std::string::npos;
            const bool label_ok = field(line, place, words ? "\t" : "\t ", label);
            const std::size_t quoted = quoted_, needed = needed_;
            for (bool ok = label_ok; ok && place < line.size();) {
                const char gap = line[place++];
                text += gap;
                ok = field(line, place, "\t", text);
                if (!ok) return std::nullopt;
            }
            if (!label_ok) return std::nullopt;
            texts_quoted_ += quoted_ > quoted ? 1 : 0;
            texts_needed_ += needed_ > needed ? 1 : 0;
            records.push_back({number, label, text});
        }
        return records;
    }

    const std::string &fault() const { return fault_; }
    /// The line with the fault: that of the opening quote if there is one.
    std::int64_t fault_line() const { return lines_[std::min(fault_at_, lines_.size() - 1)].line; }
    /// The number of records with a quoted text, and of those whose text contains what makes a CSV
    /// writer quote: a quote, a tab or a line end.
    std::size_t quoted() const { return texts_quoted_; }
    std::size_t needed() const { return texts_needed_; }

  private:
    /// Appends the field at `place` of `line` to `out`, up to one of `ends`; continues on the next
    /// lines while a quote is open.
    bool field(std::string &line, std::size_t &place, const char *ends, std::string &out) {
        if (place >= line.size() || line[place] != '"') {
            const std::size_t end = std::min(line.find_first_of(ends, place), line.size());
            const std::string_view plain = std::string_view(line).substr(place, end - place);
            if (plain.find('"') != std::string_view::npos)
                return fail("holds a quote inside an unquoted text", at_);
            out += plain;
            place = end;
            return true;
        }
        bool needed = false;
        const std::size_t opened = at_;
        for (++place;; ++place) {
            if (place >= line.size()) {
                if (at_ + 1 >= lines_.size() || line.size() > longest_repaired)
                    return fail("opens a quote that is never closed", opened);
                ++at_;
                line += '\n' + lines_[at_].label + lines_[at_].text;
                needed = true;
            }
            if (line[place] == '"') {
                if (place + 1 >= line.size() || line[place + 1] != '"') break;
                ++place;
                needed = true;
            }
            needed = needed || line[place] == '\t';
            out += line[place];
        }
        ++place;
        if (place < line.size() && std::string_view(ends).find(line[place]) == std::string::npos)
            return at_ == opened
                       ? fail("continues after a closing quote", opened)
                       : fail("opens a quote whose text runs up to the next quote in line " +
                                  std::to_string(lines_[at_].line) +
                                  "; its closing quote seems to be missing",
                              opened);
        ++quoted_;
        needed_ += needed ? 1 : 0;
        return true;
    }

    bool fail(std::string what, std::size_t at) {
        fault_ = std::move(what);
        fault_at_ = at;
        return false;
    }

    const std::vector<Record> &lines_;
    std::size_t at_ = 0, fault_at_ = 0, quoted_ = 0, needed_ = 0, texts_quoted_ = 0,
                texts_needed_ = 0;
    std::string fault_;
};

}  // namespace text
