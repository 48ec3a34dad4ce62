// Labels as files have them: whole numbers, names, or values to predict.
#pragma once

#include "record.hpp"

#include "../common/labels.hpp"

#include <charconv>
#include <map>

namespace text {

/// What the pipeline says of them.
struct LabelReading {
    std::vector<std::string> names;  /// empty: not given
    datasets::LabelRule rule;
    std::string until;    /// a label ends before this; empty: it is all
    bool values = false;  /// to predict
    bool none = false;
    bool plain = false;  /// lines of a label and a text, without columns
};

/// A whole number, which may be written with a fraction of zero.
inline std::optional<std::int64_t> whole_number(const std::string &text) {
    const char *end = text.data() + text.size();
    std::int64_t label = 0;
    if (const auto parsed = std::from_chars(text.data(), end, label);
        parsed.ec == std::errc() && parsed.ptr == end)
        return label;
    double number = 0;
    if (const auto parsed = std::from_chars(text.data(), end, number);
        parsed.ec == std::errc() && parsed.ptr == end && std::abs(number) < 0x1p53 &&
        number == std::trunc(number))
        return static_cast<std::int64_t>(number);
    return std::nullopt;
}

class Targets {
  public:
    Targets() = default;
    Targets(std::string path, LabelReading reading, std::vector<Record> &records,
            const spar::Dataset &dataset)
        : path_(std::move(path)), reading_(std::move(reading)), labels_(reading_.rule) {
        if (reading_.none) {
            for (std::size_t i = 0; i < records.size(); ++i) labels_.add(reading_.rule.first);
            return;
        }
        for (Record &record : records) record.label = label_of(record);
        if (reading_.values)
            take_values(records);
        else if (!reading_.names.empty())
            take_listed(records);
        else if (std::any_of(records.begin(), records.end(),
                             [](const Record &r) { return whole_number(r.label).has_value(); }))
            take_numbers(records, dataset);
        else
            take_names(records);
    }

    std::int64_t outputs() const { return reading_.values ? 1 : labels_.classes(); }
    std::int64_t label(std::int64_t index) const { return labels_[index]; }
    float value(std::int64_t index) const { return values_[static_cast<std::size_t>(index)]; }
    std::string name(std::int64_t label) const {
        return label >= 0 && label < std::ssize(reading_.names)
                   ? reading_.names[static_cast<std::size_t>(label)]
                   : "";
    }

  private:
    std::string label_of(const Record &record) const {
        const std::size_t end =
            reading_.until.empty() ? std::string::npos : record.label.find(reading_.until);
        if (!reading_.until.empty() && end == std::string::npos)
            throw wrong_line(path_, record.line,
                             said(record) + ", expected a label that \"" + reading_.until +
                                 "\" ends, as \"label_until\" says");
        return trimmed(std::string_view(record.label).substr(0, end));
    }

    /// How a message begins.
    std::string said(const Record &record) const {
        return (reading_.plain ? "begins with \"" : "has the label \"") +
               record.label.substr(0, 40) + "\"";
    }
    const char *before() const { return reading_.plain ? " before a tab or a space" : ""; }

    void take_values(const std::vector<Record> &records) {
        for (const Record &record : records) {
            const char *end = record.label.data() + record.label.size();
            float value = 0;
            const auto parsed = std::from_chars(record.label.data(), end, value);
            if (parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(value))
                throw wrong_line(path_, record.line, said(record) + ", expected a number");
            values_.push_back(value);
        }
    }

    void take_numbers(const std::vector<Record> &records, const spar::Dataset &dataset) {
        constexpr const char *header =
            "; if the first line names the columns, say \"header\": \"yes\" and which columns are "
            "meant, or take it away";
        for (const Record &record : records) {
            const auto number = whole_number(record.label);
            if (!number || !labels_.add(*number))
                throw wrong_line(
                    path_, record.line,
                    said(record) + ", expected a label from " + reading_.rule.range() + before() +
                        (number                        ? reading_.rule.hint()
                         : &record == &records.front() ? header
                                                       : "; \"classes\" lists labels with names"));
        }
        labels_.advise(dataset, path_);
    }

    void take_listed(const std::vector<Record> &records) {
        std::map<std::string, std::int64_t> places;
        for (const std::string &name : reading_.names)
            if (!places.emplace(name, std::ssize(places)).second)
                throw spar::invalid("the class \"" + name + "\" is listed twice", "/classes");
        labels_ = datasets::Labels({0, std::ssize(reading_.names)});
        for (const Record &record : records) {
            const auto place = places.find(record.label);
            const auto number = whole_number(record.label);
            const bool known =
                place != places.end()
                    ? labels_.add(place->second)
                    : number.has_value() && labels_.add(*number - reading_.rule.first);
            if (!known)
                throw wrong_line(path_, record.line,
                                 said(record) + before() + ", expected one of the classes " +
                                     listed(reading_.names));
        }
    }

    void take_names(const std::vector<Record> &records) {
        std::map<std::string, std::int64_t> counts;
        for (const Record &record : records) {
            if (record.label.empty()) throw wrong_line(path_, record.line, "has no label");
            ++counts[record.label];
        }
        check_names(records, counts);
        labels_ = datasets::Labels({0, std::ssize(counts)});
        for (auto &[name, place] : counts) {
            place = std::ssize(reading_.names);
            reading_.names.push_back(name);
        }
        for (const Record &record : records) labels_.add(counts.at(record.label));
    }

    void check_names(const std::vector<Record> &records,
                     const std::map<std::string, std::int64_t> &counts) const {
        const Record &first = records.front();
        constexpr std::string_view headings[] = {"label", "labels", "class",    "category",
                                                 "y",     "target", "sentiment"};
        if (counts.at(first.label) == 1 && records.size() > 1 &&
            std::find(std::begin(headings), std::end(headings), first.label) != std::end(headings))
            throw wrong_line(path_, first.line,
                             said(first) +
                                 ", which looks like the name of a column; say "
                                 "\"header\": \"yes\" and which columns are meant");
        if (std::cmp_greater(counts.size(), std::max<std::size_t>(20, records.size() / 2)))
            throw spar::bad_data(
                path_ + ": has " + std::to_string(counts.size()) + " different labels for " +
                std::to_string(records.size()) + " examples, \"" + first.label.substr(0, 40) +
                "\" first; " +
                (reading_.plain ? "does every line begin with a label? If not, \"label\" and "
                                  "\"text\" say which columns are meant"
                                : "is \"label\" the column that is meant? \"classes\" lists the "
                                  "labels if it is"));
        if (reading_.rule.classes > 0 && std::cmp_not_equal(counts.size(), reading_.rule.classes)) {
            std::vector<std::string> names;
            for (const auto &[name, count] : counts) names.push_back(name);
            throw spar::invalid(path_ + " has the " + std::to_string(names.size()) + " labels " +
                                    listed(names) + ", but the pipeline says " +
                                    std::to_string(reading_.rule.classes) +
                                    " classes; list their names in order",
                                "/classes");
        }
    }

    static std::string listed(const std::vector<std::string> &names) {
        constexpr std::size_t most = 8;
        std::string text;
        for (std::size_t i = 0; i < std::min(most, names.size()); ++i)
            text += (i == 0 ? "\"" : ", \"") + names[i].substr(0, 40) + "\"";
        return text + (names.size() > most ? ", ..." : "");
    }

    std::string path_;
    LabelReading reading_;
    datasets::Labels labels_;
    std::vector<float> values_;
};

}  // namespace text
