// What transforms of images share: their form, and the fill value outside of the image.
#pragma once

#include <spar/transform.hpp>

namespace transforms {

/// An image [channels, height, width].
struct ImageSize {
    std::int64_t channels, height, width;

    explicit ImageSize(const spar::ExampleForm &form)
        : channels(form.shape[0]), height(form.shape[1]), width(form.shape[2]) {}
    std::size_t at(std::int64_t channel, std::int64_t row, std::int64_t column) const {
        return static_cast<std::size_t>((channel * height + row) * width + column);
    }
};

inline void require_image(const spar::ExampleForm &form) {
    if (form.tokens || form.shape.size() != 3)
        throw spar::invalid("needs images [channels, height, width], but the examples are " +
                            spar::shape_text(form.shape) + (form.tokens ? " of tokens" : ""));
}

/// The parameter "fill": a value, one for all channels or one for each.
class Fill {
  public:
    Fill(spar::Record *owner, const char *help)
        : values_(owner, "fill", help, {}, {.min_items = 1, .max_items = 1000, .optional = true}) {}

    void require(const spar::ExampleForm &form) const {
        if (!values_.given()) return;
        const auto count = static_cast<std::int64_t>(values_->size());
        if (count != 1 && count != form.shape[0])
            throw spar::invalid("holds " + std::to_string(count) + " values, expected 1 or " +
                                    std::to_string(form.shape[0]) + ", one for each channel",
                                "/fill");
        for (const double value : *values_)
            if (value < form.lower || value > form.upper)
                throw spar::invalid(
                    spar::json_number(value) + " is outside the box of the data, [" +
                        spar::json_number(form.lower) + ", " + spar::json_number(form.upper) + "]",
                    "/fill");
    }

    /// The value of a channel; `otherwise` if none is given.
    float operator()(std::int64_t channel, double otherwise) const {
        if (!values_.given()) return static_cast<float>(otherwise);
        const std::size_t place = values_->size() == 1 ? 0 : static_cast<std::size_t>(channel);
        return static_cast<float>((*values_)[place]);
    }

  private:
    spar::Numbers values_;
};

}  // namespace transforms
