// One class per example, checked, from whatever a file contains.
#pragma once

#include "array.hpp"

#include <spar/dataset.hpp>

#include <cmath>
#include <optional>
#include <set>
#include <utility>

namespace datasets {

constexpr std::int64_t most_classes = 1000000;

/// What a pipeline says about labels: the number of the first class, and how many classes there are
/// (0: as many as the highest label requires).
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

    /// False if the label is not one of the classes.
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

    /// Warns if classes below the highest have no example and the pipeline does not say how many
    /// there are.
    void advise(const spar::Dataset &dataset, const std::string &path) const {
        if (values_.empty() || rule_.classes > 0) return;
        const std::set<std::int64_t> found(values_.begin(), values_.end());
        const std::int64_t least = *found.begin();
        const bool counted_from_there = std::cmp_equal(found.size(), classes_ - least);
        if (least == 0 && counted_from_there) return;
        if (least == 0) return advise_on_gaps(dataset, path, found);
        const std::string lowest = std::to_string(rule_.first + least);
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
    void advise_on_gaps(const spar::Dataset &dataset, const std::string &path,
                        const std::set<std::int64_t> &found) const {
        constexpr std::size_t most_named = 8;
        std::vector<std::string> empty;
        for (std::int64_t label = 0; label < classes_ && empty.size() <= most_named; ++label)
            if (!found.contains(label)) empty.push_back(std::to_string(rule_.first + label));
        std::string named;
        for (std::size_t i = 0; i < std::min(empty.size(), most_named); ++i)
            named += (i == 0 ? "" : ", ") + empty[i];
        if (empty.size() > most_named) named += ", ...";
        const std::int64_t missing = classes_ - static_cast<std::int64_t>(found.size());
        dataset.warn({.code = "classes_without_examples",
                      .message = path + ": the labels go up to " +
                                 std::to_string(rule_.first + classes_ - 1) + ", but " +
                                 std::to_string(missing) + " of the " + std::to_string(classes_) +
                                 " classes have no example (" + named + ")",
                      .remedy = "number the classes without gaps, or say \"classes\": " +
                                std::to_string(classes_) + " if some have no example here",
                      .pointer = "/classes"});
    }

    LabelRule rule_;
    std::int64_t classes_ = 0;
    std::vector<std::int64_t> values_;
};

/// Labels are [n], or [n, 1] as in Keras.
inline bool is_column(const Header &array) {
    return array.shape.size() <= 2 && array.width() == 1;
}

inline spar::Error no_labels(const Header &array) {
    return wrong(array.path, "has the dimensions " + spar::shape_text(array.shape) + " and " +
                                 (array.type.integer() ? "integers" : "fractions") +
                                 ", expected labels: one integer an example");
}

/// Whether a column contains only -1 and +1, like labels of support vector machines.
inline bool is_signs(const Array &array) {
    for (std::int64_t i = 0; i < array.count(); ++i)
        if (std::abs(load_number(array.at(i * array.strides[0]), array.type)) != 1) return false;
    return true;
}

/// How to write classes that a file distinguishes by -1 and +1.
constexpr const char *signs_hint =
    "classes count from 0: for labels of -1 and +1 save (y > 0), which is 0 and 1";

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
            throw wrong(array.path,
                        "example " + std::to_string(i) + " has the label " +
                            (array.type.integer() ? std::to_string(label) : number_text(number)) +
                            ", expected " + rule.range() +
                            (rule.first == 0 && is_signs(array) ? std::string("; ") + signs_hint
                             : whole                            ? rule.hint()
                                                                : ""));
    }
    return labels;
}

/// The classes of rows [n, classes] that each contain one 1 and otherwise 0, or otherwise -1 as for
/// the hinge loss; nothing if any row does not.
inline std::optional<Labels> read_one_hot(const Array &array) {
    if (array.shape.size() != 2 || array.width() < 2) return std::nullopt;
    Labels labels({0, array.width()});
    double other = 0;
    if (array.count() > 0)
        for_example(array, 0, [&](std::int64_t element) {
            if (load_number(array.at(element), array.type) == -1) other = -1;
        });
    for (std::int64_t i = 0; i < array.count(); ++i) {
        std::int64_t ones = 0, rest = 0, place = 0, label = 0;
        for_example(array, i, [&](std::int64_t element) {
            const double number = load_number(array.at(element), array.type);
            if (number == 1) ++ones, label = place;
            rest += number != 1 && number != other ? 1 : 0;
            ++place;
        });
        if (ones != 1 || rest != 0) return std::nullopt;
        labels.add(label);
    }
    return labels;
}

}  // namespace datasets
