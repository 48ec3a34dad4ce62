#include "../common/image.hpp"

namespace {

class Cutout : public spar::Transform {
  public:
    static constexpr spar::About about{
        .type = "cutout",
        .summary =
            "Blanks a square of an image, whose centre is any pixel, so that some of it may "
            "lie outside.",
        .formula =
            "x[c, i, j] <- fill for i in [a - size/2, a - size/2 + size), j likewise about "
            "b; (a, b) uniform among the pixels",
        .reference =
            "DeVries and Taylor 2017, Improved regularization of convolutional neural "
            "networks with cutout",
        .example = R"({"version":2,"name":"cutout","seed":1,
 "data":{"train":{"type":"digits","examples":200},"test":{"type":"digits","examples":100}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":2,"batch_size":50,
          "augment":[{"type":"cutout"}]},
 "evaluate":{"attacks":[{"type":"fgsm"}]}})",
    };

    spar::Integer size{this,
                       "size",
                       "pixels of a side; in the paper 16 for CIFAR-10, 8 for CIFAR-100",
                       {.fallback = 16, .min = 1, .max = 65536}};
    spar::Integer holes{this, "holes", "number of squares", {.fallback = 1, .min = 1, .max = 1000}};
    spar::Number probability{
        this, "probability", "of being blanked at all", {.fallback = 1, .min = 0, .max = 1}};
    transforms::Fill fill{this,
                          "value of the square, one or one for each channel; the paper's is the "
                          "mean of the training pixels; left out, the middle of the box"};

    void require(const spar::ExampleForm &form) const override {
        transforms::require_image(form);
        fill.require(form);
        if (*size >= 2 * std::max(form.shape[1], form.shape[2]))
            throw spar::invalid("squares of " + std::to_string(*size) +
                                    " pixels blank every image " + spar::shape_text(form.shape) +
                                    " entirely",
                                "/size");
    }

    void apply(const spar::TransformExample &example) const override {
        const transforms::ImageSize image(example.form);
        const double middle = example.form.lower / 2 + example.form.upper / 2;
        spar::Random random = example.random;
        if (!(random.uniform(0) < *probability)) return;
        for (std::int64_t hole = 0; hole < *holes; ++hole) {
            const std::int64_t top = random.below(2 * hole + 1, image.height) - *size / 2;
            const std::int64_t left = random.below(2 * hole + 2, image.width) - *size / 2;
            for (std::int64_t c = 0; c < image.channels; ++c)
                for (std::int64_t i = std::max(top, std::int64_t{0});
                     i < std::min(top + *size, image.height); ++i)
                    for (std::int64_t j = std::max(left, std::int64_t{0});
                         j < std::min(left + *size, image.width); ++j)
                        example.x[image.at(c, i, j)] = fill(c, middle);
        }
    }
};

}  // namespace

SPAR_PLUGIN("cutout", "1.0.0", Cutout)
