#include "../common/example.hpp"

#include <spar/array.hpp>
#include <spar/optimizer.hpp>

#include <cmath>

namespace {

class Adagrad : public spar::Optimizer {
  public:
    static constexpr spar::About about{
        .type = "adagrad",
        .summary = "Steps over the root of the sum of all squared gradients so far.",
        .formula =
            "g += weight_decay w; s += g^2; w -= lr/(1 + (t-1) lr_decay) g / (sqrt(s) + eps)",
        .reference =
            "Duchi, Hazan and Singer 2011, Adaptive subgradient methods for online learning "
            "and stochastic optimization; the form of torch.optim.Adagrad",
        .example = OPTIMIZER_EXAMPLE(R"({"type":"adagrad","lr":0.01})"),
    };

    spar::Number lr{this, "lr", "learning rate", {.fallback = 0.01, .min = 0}};
    spar::Number lr_decay{
        this, "lr_decay", "growth a step of the divisor of the rate", {.fallback = 0, .min = 0}};
    spar::Number weight_decay{this,
                              "weight_decay",
                              "l2 penalty, as weight_decay/2 |w|^2 in the loss",
                              {.fallback = 0, .min = 0}};
    spar::Number eps{this,
                     "eps",
                     "added to the root, against division by zero",
                     {.fallback = 1e-10, .above = 0}};

    std::vector<const char *> state() const override { return {"sum"}; }
    bool elementwise() const override { return true; }

    void update(const spar::Update &u) const override {
        const auto rate = static_cast<float>(*lr * u.rate_factor /
                                             (1 + static_cast<double>(u.step - 1) * *lr_decay));
        const auto decay = static_cast<float>(*weight_decay), epsilon = static_cast<float>(*eps);
        auto w = spar::array(u.parameter), s = spar::array(u.memory(0));
        const auto g = spar::array(u.gradient) + decay * w;
        s += g * g;
        w -= rate * (g / (s.sqrt() + epsilon));
    }
};

}  // namespace

SPAR_PLUGIN("adagrad", "1.0.0", Adagrad)
