// What no tokenizer can take, refused with its line, or repaired and counted.
#pragma once

#include "../common/lines.hpp"

#include <spar/dataset.hpp>

namespace text {

using datasets::wrong, datasets::wrong_line;

/// The longest text after repair, and the longest line that is read to repair it, in bytes.
constexpr std::size_t longest_text = datasets::longest_line,
                      longest_repaired = std::size_t{1} << 28;

inline bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

class Repairs {
  public:
    Repairs(std::string path, bool repair) : path_(std::move(path)), repair_(repair) {}

    datasets::LineRules rules(datasets::Encoding encoding) const {
        if (repair_) return {encoding, longest_repaired};
        return {encoding, longest_text, "is this a text file? \"repair\": true cuts long texts"};
    }

    /// A line as it is in the file.
    void line(std::int64_t number, std::string &line) {
        if (const std::size_t place = datasets::utf8_fault(line); place < line.size())
            repair(bytes_, number,
                   "is not valid UTF-8 at byte " + std::to_string(place + 1) +
                       "; say \"encoding\": \"latin-1\" if it is, or \"repair\": true to read "
                       "U+FFFD there",
                   [&] { line = datasets::as_utf8(line); });
        zero_bytes(number, line);
    }

    /// A text without the syntax of its file; false if it is to be left out.
    bool text(std::int64_t number, std::string &text, const std::string &what) {
        zero_bytes(number, text);
        if (text.find(SPAR_TEXT_SEPARATOR) != std::string::npos)
            repair(separators_, number,
                   "holds the byte 1F, which separates the two texts of a pair here; \"repair\": "
                   "true reads a space there",
                   [&] { std::replace(text.begin(), text.end(), SPAR_TEXT_SEPARATOR[0], ' '); });
        if (text.size() > longest_text)
            repair(cut_, number,
                   "has a text of " + std::to_string(text.size()) + " bytes, expected " +
                       std::to_string(longest_text) + " at most; \"repair\": true cuts it",
                   [&] { cut(text); });
        if (!is_blank(text)) return true;
        repair(empty_, number, what + "; \"repair\": true leaves such examples out", [] {});
        return false;
    }

    /// Warns of what was repaired.
    void advise(const spar::Dataset &dataset) const {
        advise(dataset, bytes_, "invalid_utf8",
               "could not be read as UTF-8, which left U+FFFD in places",
               "\"encoding\": \"latin-1\" reads every byte as a character");
        advise(dataset, zero_, "zero_bytes", "held zero bytes, read as U+FFFD", "");
        advise(dataset, separators_, "separators_in_texts", "held the byte 1F, read as a space",
               "");
        advise(dataset, cut_, "long_texts", "had a text of more than 1 MiB, which was cut", "");
        advise(dataset, empty_, "empty_texts", "had no text and was left out", "");
    }

  private:
    struct Found {
        std::int64_t count = 0, line = 0;
    };

    template <class Work>
    void repair(Found &found, std::int64_t number, const std::string &what, Work &&work) {
        if (!repair_) throw wrong_line(path_, number, what);
        if (found.count++ == 0) found.line = number;
        work();
    }

    void zero_bytes(std::int64_t number, std::string &text) {
        if (text.find('\0') == std::string::npos) return;
        repair(zero_, number,
               "holds a zero byte; is this a text file? Say \"encoding\": \"utf-16\" if it is "
               "UTF-16, or \"repair\": true to read U+FFFD there",
               [&] {
                   std::string whole;
                   for (const char c : text)
                       if (c == '\0')
                           whole += datasets::replacement;
                       else
                           whole += c;
                   text = std::move(whole);
               });
    }

    /// At the beginning of a character.
    static void cut(std::string &text) {
        std::size_t end = longest_text;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
        text.resize(end);
    }

    void advise(const spar::Dataset &dataset, const Found &found, const char *code,
                const std::string &what, const char *remedy) const {
        if (found.count == 0) return;
        dataset.warn(
            {.code = code,
             .message =
                 path_ + ": line " + std::to_string(found.line) +
                 (found.count > 1 ? ", and " + std::to_string(found.count - 1) + " more," : "") +
                 " " + what,
             .remedy = remedy,
             .pointer = "/repair",
             .count = found.count});
    }

    std::string path_;
    bool repair_;
    Found bytes_, zero_, separators_, cut_, empty_;
};

}  // namespace text
