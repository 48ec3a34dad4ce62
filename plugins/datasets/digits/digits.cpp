#include "draw.hpp"

#include <spar/dataset.hpp>

namespace {

class Digits : public spar::Dataset {
  public:
    static constexpr spar::About about{
        .type = "digits",
        .summary =
            "Synthetic images of the ten digits, drawn stroke by stroke: no real handwriting, "
            "for demonstrations and tests.",
        .formula =
            "strokes under a random affine and elastic map, of random thickness and ink, plus "
            "noise, in 28x28 values in [0,1]; the label of example i is i mod 10",
        .example = R"({"version":2,"name":"digits","seed":1,
 "data":{"train":{"type":"digits","examples":200},"test":{"type":"digits","examples":100}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":50},
 "evaluate":{"attacks":[{"type":"fgsm"}]}})",
    };

    spar::Integer examples{
        this, "examples", "number of examples", {.fallback = 10000, .min = 1, .max = 1000000000}};
    spar::Integer seed{this,
                       "seed",
                       "fixes the images whatever the pipeline's seed; left out, they follow the "
                       "pipeline's seed, and training and test images differ by themselves",
                       {.min = 0, .optional = true}};
    spar::Number distortion{this,
                            "distortion",
                            "strength of the random distortions; 0 draws every digit upright",
                            {.fallback = 1, .min = 0, .max = 3}};
    spar::Number noise{this,
                       "noise",
                       "standard deviation of the noise of every pixel",
                       {.fallback = 0.1, .min = 0, .max = 1}};

    void configure() override {
        key_ = seed.given() ? spar::mix_key(0x646967697473U, static_cast<std::uint64_t>(*seed))
                            : random_key();
    }

    spar::DatasetInfo info() override {
        return {.size = *examples, .shape = {1, digits::side, digits::side}, .outputs = 10};
    }

    void read(std::int64_t index, const spar::ExampleOut &out) override {
        const std::int64_t label = index % 10;
        digits::draw(static_cast<int>(label), key_, index, *distortion, *noise, out.x);
        *out.label = label;
    }

    std::string class_name(std::int64_t index) const override { return std::to_string(index); }

  private:
    std::uint64_t key_ = 0;
};

}  // namespace

SPAR_PLUGIN("digits", "1.0.0", Digits)
