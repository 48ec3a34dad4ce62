#include "../common/example.hpp"

#include <spar/array.hpp>
#include <spar/optimizer.hpp>

namespace {

class Lion : public spar::Optimizer {
  public:
    static constexpr spar::About about{
        .type = "lion",
        .summary = "Steps of one size along the sign of an interpolated momentum.",
        .formula =
            "c = beta1 m + (1-beta1) g; w -= lr (sign(c) + weight_decay w); "
            "m = beta2 m + (1-beta2) g",
        .reference = "Chen et al. 2023, Symbolic discovery of optimization algorithms, algorithm 2",
        .example = OPTIMIZER_EXAMPLE(R"({"type":"lion","lr":0.0003})"),
    };

    spar::Number lr{this, "lr", "learning rate", {.fallback = 0.0001, .min = 0}};
    spar::Number beta1{
        this, "beta1", "share of the momentum in a step", {.fallback = 0.9, .min = 0, .max = 1}};
    spar::Number beta2{
        this, "beta2", "memory of the momentum", {.fallback = 0.99, .min = 0, .below = 1}};
    spar::Number weight_decay{this,
                              "weight_decay",
                              "share of a weight that a step of rate 1 takes away",
                              {.fallback = 0, .min = 0}};

    std::vector<const char *> state() const override { return {"momentum"}; }
    bool elementwise() const override { return true; }

    void update(const spar::Update &u) const override {
        const double lr_now = *lr * u.rate_factor;
        const auto rate = static_cast<float>(lr_now);
        const auto shrink = static_cast<float>(1 - lr_now * *weight_decay);
        const auto b1 = static_cast<float>(*beta1), b2 = static_cast<float>(*beta2);
        const auto c1 = static_cast<float>(1 - *beta1), c2 = static_cast<float>(1 - *beta2);
        auto w = spar::array(u.parameter), m = spar::array(u.memory(0));
        const auto g = spar::array(u.gradient);
        w = shrink * w - rate * (b1 * m + c1 * g).sign();
        m = b2 * m + c2 * g;
    }
};

}  // namespace

SPAR_PLUGIN("lion", "1.0.0", Lion)
