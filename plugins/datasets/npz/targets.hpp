// What the array y means: classes, or values to predict.
#pragma once

#include "../common/images.hpp"

namespace npz {

using datasets::Array, datasets::Labels;

/// What all numbers of an array of floats have in common.
struct Look {
    bool whole = true;   /// whole numbers
    bool signs = true;   /// only -1 and +1
    bool shares = true;  /// every row sums to 1, without negative values
    double least = 0, greatest = 0;

    explicit Look(const Array &array) : shares(array.width() > 1) {
        for (std::int64_t i = 0; i < array.count() && (whole || shares); ++i) {
            double sum = 0;
            datasets::for_example(array, i, [&](std::int64_t element) {
                const double value = datasets::load_number(array.at(element), array.type);
                whole = whole && std::abs(value) < 1000 && value == std::trunc(value);
                signs = signs && std::abs(value) == 1;
                greatest = std::max(greatest, value);
                least = std::min(least, value);
                sum += value;
            });
            shares = shares && least >= 0 && std::abs(sum - 1) < 1e-4;
        }
        signs = signs && whole;
    }
};

/// The advice if whole-numbered floats may name classes.
inline std::string remedy_for(const Look &look, bool rows) {
    const std::string values = "\"targets\": \"values\" says that they are meant as values";
    if (rows)
        return "where each row marks several classes, there is no label for it: save one class an "
               "example as an integer; " +
               values;
    if (look.signs) return std::string(datasets::signs_hint) + "; " + values;
    const std::string first =
        look.least < 0 ? ", \"first_label\": " + spar::json_number(look.least) : std::string();
    return "say \"targets\": \"classes\"" + first + " if they are classes; " + values;
}

/// Warns if floats look like classes.
inline void advise_on_values(const Array &array, const spar::Dataset &dataset) {
    const Look look(array);
    const bool rows = array.width() > 1;
    if (look.whole && (look.greatest >= 1 || look.least <= -1))
        dataset.warn(
            {.code = "whole_numbers_as_values",
             .message = array.path + ": holds " + (rows ? "rows of " : "") +
                        (look.signs ? "-1 and +1"
                                    : "whole numbers from " + spar::json_number(look.least) +
                                          " to " + spar::json_number(look.greatest)) +
                        " as fractions, which are read as target values, so that there "
                        "is no accuracy",
             .remedy = remedy_for(look, rows),
             .pointer = "/targets"});
    if (look.shares)
        dataset.warn({.code = "shares_as_values",
                      .message = array.path +
                                 ": every row sums to 1, as shares of classes do; these are "
                                 "target values, so that there is no accuracy",
                      .remedy = "say \"targets\": \"values\" if that is meant",
                      .pointer = "/targets"});
}

/// The classes that y names; nothing if it contains values.
inline std::optional<Labels> as_labels(const Array &array, const spar::Choice &targets,
                                       const datasets::ImageFields &fields,
                                       const spar::Dataset &dataset) {
    const bool asked = targets.given() && targets.is("classes");
    const bool values = targets.given() && targets.is("values");
    if (!values && datasets::is_column(array) && (asked || array.type.integer())) {
        Labels labels = datasets::read_labels(array, fields.rule());
        labels.advise(dataset, array.path);
        return labels;
    }
    if (!values) {
        if (auto labels = datasets::read_one_hot(array)) {
            if (*fields.first_label != 0)
                throw spar::invalid("one-hot rows count their classes from 0; leave it out",
                                    "/first_label");
            if (fields.classes.given() && *fields.classes != array.width())
                throw spar::invalid("the one-hot rows have " + std::to_string(array.width()) +
                                        " classes; leave it out",
                                    "/classes");
            if (!asked && !array.type.integer())
                dataset.warn({.code = "one_hot_as_classes",
                              .message = array.path +
                                         ": holds one-hot rows of fractions, which are read as "
                                         "classes",
                              .remedy = "say \"targets\": \"classes\" if that is meant, or "
                                        "\"values\" for values to be predicted",
                              .pointer = "/targets"});
            return labels;
        }
        if (asked || array.type.integer()) throw datasets::no_labels(array);
    }
    if (fields.classes.given() || *fields.first_label != 0)
        throw spar::invalid(
            "the targets are values, so there are no classes to count; say \"targets\": "
            "\"classes\" if they name classes, save them as integers, or leave this out",
            fields.classes.given() ? "/classes" : "/first_label");
    if (!values) advise_on_values(array, dataset);
    return std::nullopt;
}

/// Values to predict, [n] or [n, values].
inline datasets::Values as_values(const Array &array) {
    if (array.shape.size() > 2 || array.width() == 0 || array.count() == 0)
        throw datasets::wrong(array.path, "has the dimensions " + spar::shape_text(array.shape) +
                                              ", expected target values [n] or [n, values]");
    if (array.type.byte()) {  // the box does not apply to these: 0 to 255, unchanged
        return {array, {0, 255}};
    }
    return {array, datasets::Bounds::none()};
}

}  // namespace npz
