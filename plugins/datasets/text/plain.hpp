// Lines of a label, a tab or a space, and a text.
#pragma once

#include "line_ends.hpp"
#include "quotes.hpp"

namespace text {

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
        const std::string text = trimmed(r.text);
        return text.size() > 1 && text.front() == '"' && text.back() == '"';
    });
    advise_on_quotes(path, in_quotes, records.size(), dataset);
}

/// The non-blank lines, each with its label, if there are labels, before the first tab or space.
inline std::vector<Record> read_plain(Lines &lines, const std::string &quotes, bool labelled,
                                      const spar::Dataset &dataset) {
    std::vector<Record> records;
    for (std::string line; lines.next(line);)
        if (!is_blank(line))
            records.push_back(labelled ? split_label(lines.number(), line)
                                       : Record{lines.number(), {}, line, {}});
    if (records.empty()) return records;
    advise_on_line_ends(lines.path(), records, dataset);
    unquote(lines.path(), quotes, dataset, records);
    for (Record &record : records) record.text = trimmed(record.text);
    return records;
}

}  // namespace text
