#include "../common/example.hpp"

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

    void update(const spar::Update &u) const override {
        const double lr_now = *lr * u.rate_factor;
        const auto rate = static_cast<float>(lr_now);
        const auto shrink = static_cast<float>(1 - lr_now * *weight_decay);
        const auto b1 = static_cast<float>(*beta1), b2 = static_cast<float>(*beta2);
        const auto c1 = static_cast<float>(1 - *beta1), c2 = static_cast<float>(1 - *beta2);
        float *w = u.parameter.data(), *momentum = u.memory(0).data();
        const float *gradient = u.gradient.data();
        for (std::size_t i = 0; i < u.parameter.size(); ++i) {
            const float g = gradient[i], c = b1 * momentum[i] + c1 * g;
            const auto sign = static_cast<float>((c > 0) - (c < 0));
            w[i] = shrink * w[i] - rate * sign;
            momentum[i] = b2 * momentum[i] + c2 * g;
        }
    }
};

}  // namespace

SPAR_PLUGIN("lion", "1.0.0", Lion)
