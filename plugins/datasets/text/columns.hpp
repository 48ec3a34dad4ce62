// Which columns of a table are the text, the second text and the label.
#pragma once

#include "fields.hpp"
#include "table.hpp"

namespace text {

/// What a pipeline says of columns, or of an object's fields.
struct Wanted {
    const Column &text, &second, &label;
    bool header;
    bool labelled;
};

class Columns {
  public:
    Columns(const std::string &path, const Wanted &wanted, const Row &first)
        : path_(path), header_(wanted.header), first_(first) {
        text_ = find(wanted.text, "text", wanted.labelled ? 2 : 1);
        if (wanted.labelled) label_ = find(wanted.label, "label", 1);
        if (wanted.second.given()) second_ = find(wanted.second, "text_pair", 0);
    }

    Record record(Row &row) const {
        if (row.fields.size() != first_.fields.size())
            throw wrong_line(path_, row.line,
                             "has " + count(row.fields.size()) + ", expected " +
                                 std::to_string(first_.fields.size()) + " as in line " +
                                 std::to_string(first_.line) +
                                 "; a field with a delimiter or a line end is written in quotes");
        return {row.line, label_ ? row.fields[*label_] : std::string(),
                std::move(row.fields[text_]),
                second_ ? std::move(row.fields[*second_]) : std::string()};
    }

  private:
    std::size_t find(const Column &column, const char *fallback, std::size_t number) const {
        const std::string parameter = "\"" + column.name() + "\"";
        const std::string name = column.named() || !header_ ? *column : fallback;
        if (column.number() > 0 || (!header_ && !column.given())) {
            const std::size_t place =
                column.number() > 0 ? static_cast<std::size_t>(column.number()) : number;
            if (place > first_.fields.size())
                throw wrong_line(path_, first_.line,
                                 "has " + count(first_.fields.size()) + ", but " + parameter +
                                     " is column " + std::to_string(place));
            return place - 1;
        }
        const std::vector<std::string> names = trimmed_names();
        const auto found = std::find(names.begin(), names.end(), name);
        if (found == names.end())
            throw wrong_line(path_, first_.line,
                             "names no column \"" + name + "\", only " + listed(names) + "; " +
                                 parameter + " names another, or gives its number");
        if (std::count(names.begin(), names.end(), name) > 1)
            throw wrong_line(
                path_, first_.line,
                "names several columns \"" + name + "\"; give the number for " + parameter);
        return static_cast<std::size_t>(found - names.begin());
    }

    std::vector<std::string> trimmed_names() const {
        std::vector<std::string> names;
        for (const std::string &name : first_.fields) names.push_back(trimmed(name));
        return names;
    }
    static std::string listed(const std::vector<std::string> &names) {
        std::string text;
        for (const std::string &name : names)
            if (text.size() < 200)
                text += (text.empty() ? "\"" : ", \"") + name.substr(0, 40) + "\"";
        return text;
    }
    static std::string count(std::size_t fields) {
        return std::to_string(fields) + (fields == 1 ? " field" : " fields");
    }

    std::string path_;
    bool header_;
    Row first_;
    std::size_t text_ = 0;
    std::optional<std::size_t> second_, label_;
};

}  // namespace text
