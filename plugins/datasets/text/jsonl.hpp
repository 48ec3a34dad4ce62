// Lines of JSON, an object an example.
#pragma once

#include "columns.hpp"

#include <nlohmann/json.hpp>

namespace text {

using Json = nlohmann::json;

/// The value of a field.
inline const Json &field_of(const Lines &lines, const Json &object, const std::string &name,
                            const Column &column) {
    const auto found = object.find(name);
    if (found != object.end()) return *found;
    std::string names;
    for (const auto &[key, value] : object.items())
        if (names.size() < 200) names += (names.empty() ? "\"" : ", \"") + key.substr(0, 40) + "\"";
    throw wrong_line(lines.path(), lines.number(),
                     "has no field \"" + name + "\", only " + (names.empty() ? "none" : names) +
                         "; \"" + column.name() + "\" names another");
}

inline std::string text_field(const Lines &lines, const Json &object, const std::string &name,
                              const Column &column) {
    const Json &value = field_of(lines, object, name, column);
    if (value.is_string()) return value.get<std::string>();
    throw wrong_line(lines.path(), lines.number(),
                     "has " + std::string(value.type_name()) + " in its field \"" + name +
                         "\", expected a text");
}

/// A text, a number or a boolean.
inline std::string label_field(const Lines &lines, const Json &object, const std::string &name,
                               const Column &column) {
    const Json &value = field_of(lines, object, name, column);
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
    if (value.is_number()) return value.dump();
    throw wrong_line(lines.path(), lines.number(),
                     "has " + std::string(value.type_name()) + " in its field \"" + name +
                         "\", expected a label: a text, a number, true or false");
}

inline std::vector<Record> read_jsonl(Lines &lines, const Wanted &wanted) {
    for (const Column *column : {&wanted.text, &wanted.second, &wanted.label})
        if (column->number() > 0)
            throw spar::invalid("a field of JSON has a name and no number", "/" + column->name());
    const std::string text = wanted.text.given() ? *wanted.text : "text",
                      label = wanted.label.given() ? *wanted.label : "label";
    std::vector<Record> records;
    for (std::string line; lines.next(line);) {
        if (is_blank(line)) continue;
        Json object;
        try {
            object = Json::parse(line);
        } catch (const Json::exception &fault) {
            throw wrong_line(lines.path(), lines.number(),
                             "is no JSON: " + std::string(fault.what()));
        }
        if (!object.is_object())
            throw wrong_line(
                lines.path(), lines.number(),
                "is " + std::string(object.type_name()) + ", expected an object, one a line");
        records.push_back(
            {lines.number(),
             wanted.labelled ? label_field(lines, object, label, wanted.label) : std::string(),
             text_field(lines, object, text, wanted.text),
             wanted.second.given() ? text_field(lines, object, *wanted.second, wanted.second)
                                   : std::string()});
    }
    return records;
}

}  // namespace text
