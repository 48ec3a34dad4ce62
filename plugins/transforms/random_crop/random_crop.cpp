#include "../common/image.hpp"

#include <cstdlib>

namespace {

/// Maps a place on the padded axis into the image, mirrored at its first and last pixel.
std::int64_t mirrored(std::int64_t place, std::int64_t extent) {
    if (place < 0) return -place;
    return place < extent ? place : 2 * (extent - 1) - place;
}

class RandomCrop : public spar::Transform {
  public:
    static constexpr spar::About about{
        .type = "random_crop",
        .summary = "Pads an image on every side and cuts a piece of its own size out at random.",
        .formula =
            "x[c, i, j] <- padded x[c, i + a, j + b], a and b uniform in {0, ..., 2 padding}",
        .reference = "Krizhevsky 2009; He et al. 2016, Deep residual learning, section 4.2",
        .example = R"({"version":2,"name":"random_crop","seed":1,
 "data":{"train":{"type":"digits","examples":200},"test":{"type":"digits","examples":100}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":2,"batch_size":50,
          "augment":[{"type":"random_crop"}]},
 "evaluate":{"attacks":[{"type":"fgsm"}]}})",
    };

    spar::Integer padding{
        this, "padding", "pixels added on each side", {.fallback = 4, .min = 1, .max = 4096}};
    spar::Choice border{this,
                        "border",
                        "what is added: constant, the value fill, or reflect, the image mirrored "
                        "at its first and last pixels",
                        {"constant", "reflect"},
                        {.fallback = "constant"}};
    transforms::Fill fill{this,
                          "value of what is added, one or one for each channel; left out, the "
                          "least of the box, black"};

    void require(const spar::ExampleForm &form) const override {
        transforms::require_image(form);
        fill.require(form);
        const std::int64_t least = std::min(form.shape[1], form.shape[2]);
        if (border.is("reflect") && *padding >= least)
            throw spar::invalid("an image of " + std::to_string(least) +
                                    " pixels can be mirrored by less than that",
                                "/padding");
    }

    void apply(const spar::TransformExample &example) const override {
        const transforms::ImageSize size(example.form);
        spar::Random random = example.random;
        const std::int64_t down = random.below(0, 2 * *padding + 1) - *padding;
        const std::int64_t right = random.below(1, 2 * *padding + 1) - *padding;
        const std::vector<float> image(example.x.begin(), example.x.end());
        const bool reflect = border.is("reflect");
        for (std::int64_t c = 0; c < size.channels; ++c)
            for (std::int64_t i = 0; i < size.height; ++i)
                for (std::int64_t j = 0; j < size.width; ++j) {
                    std::int64_t row = i + down, column = j + right;
                    if (reflect) {
                        row = mirrored(row, size.height);
                        column = mirrored(column, size.width);
                    }
                    const bool inside =
                        row >= 0 && row < size.height && column >= 0 && column < size.width;
                    example.x[size.at(c, i, j)] =
                        inside ? image[size.at(c, row, column)] : fill(c, example.form.lower);
                }
    }
};

}  // namespace

SPAR_PLUGIN("random_crop", "1.0.0", RandomCrop)
