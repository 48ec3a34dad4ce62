// One class an example, checked, from whatever a file holds.
#pragma once

#include "array.hpp"

#include <spar/dataset.hpp>

#include <cmath>
#include <optional>
#include <set>
#include <utility>

namespace datasets {

constexpr std::int64_t most_classes = 1000000;

/// What a pipeline says of labels: the number of the first class, and how many there are (0: as
/// many as the highest label needs).
struct LabelRule {
    std::int64_t first = 0, classes = 0;

    std::int64_t last() const { return first + (classes > 0 ? classes : most_classes) - 1; }
    std::string range() const { return std::to_string(first) + " to " + std::to_string(last()); }
    std::string hint() const {
        return first == 0 ? "; \"first_label\" shifts labels that begin at another number" : "";
    }
};

/// Labels, shifted so that the first class is 0.
class Labels {
  public:
    explicit Labels(LabelRule rule = {}) : rule_(rule), classes_(rule.classes) {}

    /// False where the label is none of the classes.
    bool add(std::int64_t label) {
        if (label < rule_.first || label > rule_.last()) return false;
        values_.push_back(label - rule_.first);
        if (rule_.classes == 0) classes_ = std::max(classes_, values_.back() + 1);
        return true;
    }

    std::int64_t operator[](std::int64_t index) const {
        return values_[static_cast<std::size_t>(index)];
    }
    std::int64_t size() const { return static_cast<std::int64_t>(values_.size()); }
    std::int64_t classes() const { return classes_; }

    /// Says so where the first classes have no example although nobody said how many there are.
    void advise(const spar::Dataset &dataset, const std::string &path) const {
        if (values_.empty() || rule_.classes > 0) return;
        const std::int64_t least = *std::min_element(values_.begin(), values_.end());
        if (least == 0) return;
        const std::string lowest = std::to_string(rule_.first + least);
        const bool counted_from_there = std::cmp_equal(
            std::set<std::int64_t>(values_.begin(), values_.end()).size(), classes_ - least);
        dataset.warn(
            {.code = "classes_without_examples",
             .message = path + ": the labels begin at " + lowest + ", so that " +
                        (least == 1 ? "class 0 has" : std::to_string(least) + " classes have") +
                        " no example",
             .remedy = (counted_from_there ? "\"first_label\": " + lowest +
                                                 " shifts them, if they are counted from there; "
                                           : std::string()) +
                       "\"classes\" says how many there are, if some have no example here",
             .pointer = counted_from_there ? "/first_label" : "/classes"});
    }

  private:
    LabelRule rule_;
    std::int64_t classes_ = 0;
    std::vector<std::int64_t> values_;
};

/// Labels are [n], or [n, 1] as Keras has them.
inline bool is_column(const Header &array) {
    return array.shape.size() <= 2 && array.width() == 1;
}

inline spar::Error no_labels(const Header &array) {
    return wrong(array.path, "has the dimensions " + spar::shape_text(array.shape) + " and " +
                                 (array.type.integer() ? "integers" : "fractions") +
                                 ", expected labels: one integer an example");
}

/// The labels of a column of integers, or of floats without a fraction.
inline Labels read_labels(const Array &array, LabelRule rule) {
    if (array.count() == 0) throw wrong(array.path, "is empty");
    Labels labels(rule);
    for (std::int64_t i = 0; i < array.count(); ++i) {
        const std::uint8_t *at = array.at(i * array.strides[0]);
        const double number = load_number(at, array.type);
        const bool whole = number >= -0x1p62 && number <= 0x1p62 && number == std::trunc(number);
        const std::int64_t label = array.type.integer() ? load_integer(at, array.type)
                                   : whole              ? static_cast<std::int64_t>(number)
                                                        : rule.first - 1;
        if (!labels.add(label))
            throw wrong(array.path, "example " + std::to_string(i) + " has the label " +
                                        (array.type.integer() ? std::to_string(label)
                                                              : spar::json_number(number)) +
                                        ", expected " + rule.range() + rule.hint());
    }
    return labels;
}

/// The classes of rows [n, classes] of which each holds one 1 and else 0; nothing where one does
/// not.
inline std::optional<Labels> read_one_hot(const Array &array) {
    if (array.shape.size() != 2 || array.width() < 2) return std::nullopt;
    Labels labels({0, array.width()});
    for (std::int64_t i = 0; i < array.count(); ++i) {
        std::int64_t ones = 0, rest = 0, place = 0, label = 0;
        for_example(array, i, [&](std::int64_t element) {
            const double number = load_number(array.at(element), array.type);
            if (number == 1) ++ones, label = place;
            rest += number != 1 && number != 0 ? 1 : 0;
            ++place;
        });
        if (ones != 1 || rest != 0) return std::nullopt;
        labels.add(label);
    }
    return labels;
}

}  // namespace datasets
