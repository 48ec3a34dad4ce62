#include "../common/example.hpp"

#include <spar/array.hpp>
#include <spar/optimizer.hpp>

#include <cmath>

namespace {

/// What Adam and AdamW share: steps along the mean of the gradients over the root of their mean
/// squares.
class Moments : public spar::Optimizer {
  public:
    spar::Number lr{this, "lr", "learning rate", {.fallback = 0.001, .min = 0}};
    spar::Number beta1{this,
                       "beta1",
                       "memory of the mean of the gradients",
                       {.fallback = 0.9, .min = 0, .below = 1}};
    spar::Number beta2{this,
                       "beta2",
                       "memory of the mean of their squares",
                       {.fallback = 0.999, .min = 0, .below = 1}};
    spar::Number eps{
        this, "eps", "added to the root, against division by zero", {.fallback = 1e-8, .above = 0}};

    std::vector<const char *> state() const override { return {"mean", "square"}; }
    bool elementwise() const override { return true; }

  protected:
    /// `coupled` is added to the gradient as an l2 penalty; `shrink` multiplies the parameter
    /// first.
    void step(const spar::Update &u, float coupled, float shrink) const {
        const auto t = static_cast<double>(u.step);
        const double correction1 = 1 - std::pow(*beta1, t), correction2 = 1 - std::pow(*beta2, t);
        const auto rate = static_cast<float>(*lr * u.rate_factor / correction1);
        const auto root_correction = static_cast<float>(std::sqrt(correction2));
        const auto b1 = static_cast<float>(*beta1), b2 = static_cast<float>(*beta2);
        const auto c1 = static_cast<float>(1 - *beta1), c2 = static_cast<float>(1 - *beta2);
        const auto epsilon = static_cast<float>(*eps);
        auto w = spar::array(u.parameter), m = spar::array(u.memory(0)),
             v = spar::array(u.memory(1));
        const auto g = spar::array(u.gradient) + coupled * w;
        m = b1 * m + c1 * g;
        v = b2 * v + c2 * g * g;
        w = shrink * w - rate * (m / (v.sqrt() / root_correction + epsilon));
    }
};

class Adam : public Moments {
  public:
    static constexpr spar::About about{
        .type = "adam",
        .summary = "Adaptive moment estimation; weight decay is an l2 penalty in the gradient.",
        .formula =
            "g += weight_decay w; m = beta1 m + (1-beta1) g; v = beta2 v + (1-beta2) g^2; "
            "w -= lr/(1-beta1^t) m / (sqrt(v/(1-beta2^t)) + eps)",
        .reference = "Kingma and Ba 2015, Adam: a method for stochastic optimization",
        .example = OPTIMIZER_EXAMPLE(R"({"type":"adam","lr":0.001})"),
    };

    spar::Number weight_decay{this,
                              "weight_decay",
                              "l2 penalty, as weight_decay/2 |w|^2 in the loss",
                              {.fallback = 0, .min = 0}};

    void update(const spar::Update &u) const override {
        step(u, static_cast<float>(*weight_decay), 1.0F);
    }
};

class AdamW : public Moments {
  public:
    static constexpr spar::About about{
        .type = "adamw",
        .summary = "Adam with weight decay beside the gradient instead of in it.",
        .formula = "w *= 1 - lr weight_decay; then as adam without weight decay",
        .reference = "Loshchilov and Hutter 2019, Decoupled weight decay regularization",
        .example = OPTIMIZER_EXAMPLE(R"({"type":"adamw","lr":0.001,"weight_decay":0.01})"),
    };

    spar::Number weight_decay{this,
                              "weight_decay",
                              "share of a weight that a step of rate 1 takes away",
                              {.fallback = 0.01, .min = 0}};

    void update(const spar::Update &u) const override {
        step(u, 0.0F, static_cast<float>(1 - *lr * u.rate_factor * *weight_decay));
    }
};

}  // namespace

SPAR_PLUGIN("adam", "1.0.0", Adam, AdamW)
