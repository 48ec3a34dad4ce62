// The parameters that datasets of arrays (idx, npz) share: the box, the order of the dimensions,
// the labels.
#pragma once

#include "labels.hpp"
#include "values.hpp"

namespace datasets {

struct ImageFields {
    explicit ImageFields(spar::Record *owner)
        : channels{owner,
                   "channels",
                   "where the channels of [n, ...] are: first, [n, channels, height, width], or "
                   "last, [n, height, width, channels]; left out, first, with a warning where that "
                   "can hardly be",
                   {"first", "last"},
                   {.optional = true}},
          classes{owner,
                  "classes",
                  "number of classes; left out, as many as the highest label needs",
                  {.min = 1, .max = most_classes, .optional = true}},
          first_label{owner,
                      "first_label",
                      "the label of the first class, 1 where they are counted from 1; it becomes "
                      "class 0",
                      {.fallback = 0, .min = -most_classes, .max = most_classes}},
          lower{owner, "lower", "least value an example may hold", {.fallback = 0}},
          upper{owner,
                "upper",
                "greatest value an example may hold; with 0 and 255, bytes are taken as they are",
                {.fallback = 1}} {}

    void check() const {
        if (bounds().least() >= bounds().most())
            throw spar::invalid("upper must be greater than lower", "/upper");
    }
    Bounds bounds() const { return {*lower, *upper}; }
    LabelRule rule() const { return {*first_label, classes.value_or(0)}; }

    spar::Choice channels;
    spar::Integer classes, first_label;
    spar::Number lower, upper;
};

/// The same array as examples with their channels first: [n, h, w] are images of one channel, and
/// with "channels": "last", [n, h, w, c] becomes [n, c, h, w].
template <class Kind>
Kind as_examples(Kind array, const ImageFields &fields, const spar::Dataset &dataset) {
    auto &shape = array.shape, &strides = array.strides;
    if (shape.size() < 2 || shape.size() > 5)
        throw wrong(array.path, "has the dimensions " + spar::shape_text(shape) +
                                    ", expected examples of 1 to 4 dimensions, [n, ...]; one "
                                    "number an example looks like labels");
    for (const std::int64_t extent : shape)
        if (extent == 0)
            throw wrong(array.path, "is empty: its dimensions are " + spar::shape_text(shape));
    const auto pixels = [](std::int64_t extent) { return extent > 4; };
    const bool last = fields.channels.given() && fields.channels.is("last");
    if (last && shape.size() < 3)
        throw spar::invalid(
            "the examples are [" + std::to_string(shape[1]) + "], without channels; leave it out",
            "/channels");
    if (last && shape.size() > 3) {
        std::rotate(shape.begin() + 1, shape.end() - 1, shape.end());
        std::rotate(strides.begin() + 1, strides.end() - 1, strides.end());
    } else if (shape.size() == 4 && !fields.channels.given() && pixels(shape[1]) &&
               pixels(shape[2]) && !pixels(shape[3]) && shape[3] != 2) {
        const std::string channels = std::to_string(shape[3]);
        dataset.warn({.code = "channels_look_last",
                      .message = array.path + ": " + spar::shape_text(shape) + " is read as " +
                                 std::to_string(shape[1]) + " channels of " +
                                 std::to_string(shape[2]) + "x" + channels +
                                 " pixels, but looks like images with " + channels +
                                 " channels last",
                      .remedy = "say \"channels\": \"last\", or \"first\" if it is right",
                      .pointer = "/channels"});
    }
    if (shape.size() == 3) {
        shape.insert(shape.begin() + 1, 1);
        strides.insert(strides.begin() + 1, 0);
    }
    return array;
}

/// The values of all examples, with a warning if bytes hardly mean levels from 0 to 255.
inline Values read_values(const Array &array, Bounds bounds, const spar::Dataset &dataset) {
    Values values(array, bounds);
    const int greatest = values.greatest_level();
    if (greatest >= 0 && greatest < 64)
        dataset.warn({.code = "low_bytes",
                      .message = array.path + ": " +
                                 (greatest == 0  ? "all bytes are 0, so that every example is "
                                                   "the same"
                                  : greatest < 2 ? "all bytes are 0 or 1"
                                                 : "no byte is above " + std::to_string(greatest)) +
                                 (greatest == 0 ? ""
                                                : ", and byte/255 makes values of up to " +
                                                      spar::json_number(greatest / 255.0) +
                                                      " of them, in a box of [0, 1]"),
                      .remedy = greatest == 0
                                    ? "is this the file that was meant, and was it written whole?"
                                    : "save them as " +
                                          std::string(greatest < 2 ? "booleans or " : "") +
                                          "floats in [0, 1] if they do not mean levels of 0 to 255",
                      .pointer = "/upper"});
    return values;
}

}  // namespace datasets
