// Labelled texts: a whole number, a tab or a space, words separated by white space. Words are byte
// strings.
#pragma once

#include "../common/labels.hpp"
#include "line_ends.hpp"
#include "quotes.hpp"

#include <charconv>

namespace tsv {

/// How to read a file.
struct Reading {
    datasets::LabelRule rule;
    std::string quotes;  /// "csv", "text" or "auto"
    bool lower_case;
};

struct Texts {
    datasets::Labels labels;
    std::vector<std::vector<std::string>> words;
};

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

/// The non-blank lines, each with its label before the first tab or space.
inline std::vector<Record> read_records(const std::string &path) {
    std::vector<Record> records;
    LineReader reader(path);
    for (std::string line; reader.next(line);)
        if (!std::all_of(line.begin(), line.end(), is_space))
            records.push_back(split_label(reader.number(), line));
    if (records.empty()) throw wrong(path, "holds no lines");
    return records;
}

/// Removes the quotes of a CSV writer if `quotes` is "csv", or if it is "auto" and either every
/// text is quoted or exactly those that a CSV writer must quote.
inline void unquote(const std::string &path, const std::string &quotes,
                    const spar::Dataset &dataset, std::vector<Record> &records) {
    if (quotes == "text") return;
    Unquoter unquoter(records);
    auto unquoted = unquoter.records();
    if (quotes == "csv" && !unquoted)
        throw wrong_line(path, unquoter.fault_line(),
                         unquoter.fault() +
                             "; mend it, or say \"quotes\": \"text\" if quotes are part of words");
    const std::size_t quoted = unquoter.quoted();
    if (unquoted && (quotes == "csv" ||
                     (quoted > 0 && (quoted == unquoted->size() || quoted == unquoter.needed())))) {
        records = *std::move(unquoted);
        return;
    }
    const auto in_quotes = std::count_if(records.begin(), records.end(), [](const Record &r) {
        const std::size_t first = r.text.find_first_not_of("\t "),
                          last = r.text.find_last_not_of("\t \r");
        return first != std::string::npos && first < last && r.text[first] == '"' &&
               r.text[last] == '"';
    });
    if (in_quotes > 0)
        dataset.warn({.code = "texts_in_quotes",
                      .message = path + ": " + std::to_string(in_quotes) + " of " +
                                 std::to_string(records.size()) +
                                 " texts are in double quotes, which are read as part of words",
                      .remedy = "say \"quotes\": \"csv\" where a CSV writer put them there, or "
                                "\"text\"",
                      .pointer = "/quotes",
                      .count = in_quotes});
}

constexpr const char *header_hint =
    "; if the first line names the columns, take it away; labels come first, as whole numbers";

inline Texts read_texts(const std::string &path, const Reading &reading,
                        const spar::Dataset &dataset) {
    std::vector<Record> records = read_records(path);
    advise_on_line_ends(path, records, dataset);
    unquote(path, reading.quotes, dataset, records);
    Texts texts{datasets::Labels(reading.rule), {}};
    texts.words.reserve(records.size());
    for (const Record &record : records) {
        const std::string &digits = record.label;
        const char *end = digits.data() + digits.size();
        std::int64_t label = 0;
        const auto parsed = std::from_chars(digits.data(), end, label);
        const bool number = parsed.ec == std::errc() && parsed.ptr == end;
        if (!number || !texts.labels.add(label))
            throw wrong_line(path, record.line,
                             "begins with \"" + digits.substr(0, 40) +
                                 "\", expected a label from " + reading.rule.range() +
                                 " before a tab or a space" +
                                 (number                        ? reading.rule.hint()
                                  : &record == &records.front() ? header_hint
                                                                : ""));
        texts.words.push_back(split(record.text, reading.lower_case));
        if (texts.words.back().empty())
            throw wrong_line(path, record.line, "has a label and no text");
    }
    return texts;
}

}  // namespace tsv
