// A file's examples, by its format.
#pragma once

#include "jsonl.hpp"
#include "plain.hpp"

#include <algorithm>

namespace text {

/// How a file is to be read.
struct Reading {
    std::string format;  /// "tsv", "csv", "jsonl", or "auto"
    std::string quotes;  /// "csv", "text" or "auto"
    datasets::Encoding encoding;
    bool plain;  /// no parameter speaks of columns
    Wanted wanted;
};

/// The format that the ending of a file's name says.
inline std::string format_of(const std::string &path) {
    std::string ending = path.substr(path.find_last_of("./") + 1);
    for (char &c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (ending == "csv") return "csv";
    if (ending == "jsonl" || ending == "ndjson" || ending == "json") return "jsonl";
    return "tsv";
}

/// The rows of a table without quotes, or of one whose quotes are a CSV writer's: see unquote().
inline std::vector<Row> read_rows(const std::string &path, const Reading &reading,
                                  const spar::Dataset &dataset, Repairs &repairs) {
    const bool csv = reading.format == "csv";
    const auto read = [&](bool quotes, Repairs &found) {
        Lines lines(path, reading.encoding, found);
        return Table(lines, csv ? ',' : '\t', quotes);
    };
    if (csv || reading.quotes == "csv") {
        const Table table = read(true, repairs);
        if (!table.fault().empty())
            throw wrong_line(path, table.fault_line(),
                             table.fault() + "; a quote inside quotes is doubled" +
                                 (csv ? "" : ", or say \"quotes\": \"text\" if quotes are words"));
        return table.rows();
    }
    if (reading.quotes == "text") return read(false, repairs).rows();
    Repairs first = repairs;
    const Table table = read(true, first);
    if (table.fault().empty() &&
        (table.quoted() == table.rows().size() || table.quoted() == table.needed())) {
        repairs = first;
        return table.rows();
    }
    const Table plain = read(false, repairs);
    advise_on_quotes(path,
                     std::count_if(plain.rows().begin(), plain.rows().end(),
                                   [](const Row &row) {
                                       return std::any_of(row.fields.begin(), row.fields.end(),
                                                          [](const std::string &field) {
                                                              return field.size() > 1 &&
                                                                     field.front() == '"' &&
                                                                     field.back() == '"';
                                                          });
                                   }),
                     plain.rows().size(), dataset);
    return plain.rows();
}

inline std::vector<Record> read_table(const std::string &path, const Reading &reading,
                                      const spar::Dataset &dataset, Repairs &repairs) {
    std::vector<Row> rows = read_rows(path, reading, dataset, repairs);
    std::vector<Record> records;
    if (rows.empty()) return records;
    const Columns columns(path, reading.wanted, rows.front());
    for (std::size_t i = reading.wanted.header ? 1 : 0; i < rows.size(); ++i)
        records.push_back(columns.record(rows[i]));
    return records;
}

/// The examples, with the texts of a pair joined, without those that repairing leaves out.
inline std::vector<Record> read_records(const std::string &path, Reading reading,
                                        const spar::Dataset &dataset, Repairs &repairs) {
    if (reading.format == "auto") reading.format = format_of(path);
    const bool plain = reading.format == "tsv" && reading.plain;
    std::vector<Record> records;
    if (reading.format == "jsonl" || plain) {
        Lines lines(path, reading.encoding, repairs);
        records = plain ? read_plain(lines, reading.quotes, reading.wanted.labelled, dataset)
                        : read_jsonl(lines, reading.wanted);
    } else {
        records = read_table(path, reading, dataset, repairs);
    }
    if (records.empty()) throw wrong(path, "holds no examples");
    const bool pairs = reading.wanted.second.given();
    std::vector<Record> whole;
    whole.reserve(records.size());
    for (Record &record : records) {
        const std::string label =
            reading.wanted.labelled ? "has the label \"" + record.label.substr(0, 40) + "\" and no "
                                    : "has no ";
        const bool kept =
            repairs.text(record.line, record.text, label + "text") &&
            (!pairs || repairs.text(record.line, record.second, label + "second text"));
        if (!kept) continue;
        if (pairs) record.text += SPAR_TEXT_SEPARATOR + record.second;
        record.second = {};
        whole.push_back(std::move(record));
    }
    if (whole.empty()) throw wrong(path, "holds no example with a text");
    repairs.advise(dataset);
    return whole;
}

}  // namespace text
