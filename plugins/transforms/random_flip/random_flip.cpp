#include "../common/image.hpp"

namespace {

class RandomFlip : public spar::Transform {
  public:
    static constexpr spar::About about{
        .type = "random_flip",
        .summary = "Mirrors an image with a probability, left to right or top to bottom.",
        .formula = "x[c, i, j] <- x[c, i, width - 1 - j], with the probability; otherwise x",
        .reference =
            "Krizhevsky, Sutskever and Hinton 2012, ImageNet classification with deep "
            "convolutional neural networks, section 4.1",
        .example = R"({"version":2,"name":"random_flip","seed":1,
 "data":{"train":{"type":"digits","examples":200},"test":{"type":"digits","examples":100}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":2,"batch_size":50,
          "augment":[{"type":"random_flip"}]},
 "evaluate":{"attacks":[{"type":"fgsm"}]}})",
    };

    spar::Number probability{
        this, "probability", "of being mirrored", {.fallback = 0.5, .min = 0, .max = 1}};
    spar::Choice axis{this,
                      "axis",
                      "horizontal swaps left and right, vertical top and bottom",
                      {"horizontal", "vertical"},
                      {.fallback = "horizontal"}};

    void require(const spar::ExampleForm &form) const override { transforms::require_image(form); }

    void apply(const spar::TransformExample &example) const override {
        spar::Random random = example.random;
        if (!(random.uniform(0) < *probability)) return;
        const transforms::ImageSize size(example.form);
        const auto pixel = example.x.begin();
        for (std::int64_t c = 0; c < size.channels; ++c) {
            const auto row = [&](std::int64_t i) {
                return pixel + static_cast<std::ptrdiff_t>(size.at(c, i, 0));
            };
            if (axis.is("horizontal"))
                for (std::int64_t i = 0; i < size.height; ++i)
                    std::reverse(row(i), row(i) + size.width);
            else
                for (std::int64_t i = 0; i < size.height / 2; ++i)
                    std::swap_ranges(row(i), row(i) + size.width, row(size.height - 1 - i));
        }
    }
};

}  // namespace

SPAR_PLUGIN("random_flip", "1.0.0", RandomFlip)
