#include "../common/example.hpp"

#include <spar/array.hpp>
#include <spar/optimizer.hpp>

#include <cmath>

namespace {

class RmsProp : public spar::Optimizer {
  public:
    static constexpr spar::About about{
        .type = "rmsprop",
        .summary = "Steps over the root of a running mean of squared gradients.",
        .formula =
            "g += weight_decay w; v = alpha v + (1-alpha) g^2; a = alpha a + (1-alpha) g "
            "(centered, else a = 0); d = g / (sqrt(v - a^2) + eps); b = momentum b + d; w -= lr b",
        .reference =
            "Tieleman and Hinton 2012, lecture 6.5; centered: Graves 2013; the form of "
            "torch.optim.RMSprop",
        .example = OPTIMIZER_EXAMPLE(R"({"type":"rmsprop","lr":0.001})"),
    };

    spar::Number lr{this, "lr", "learning rate", {.fallback = 0.01, .min = 0}};
    spar::Number alpha{
        this, "alpha", "memory of the mean of squares", {.fallback = 0.99, .min = 0, .below = 1}};
    spar::Number eps{
        this, "eps", "added to the root, against division by zero", {.fallback = 1e-8, .above = 0}};
    spar::Number momentum{this,
                          "momentum",
                          "share of the last step that is kept",
                          {.fallback = 0, .min = 0, .below = 1}};
    spar::Boolean centered{this,
                           "centered",
                           "divide by the deviation instead of the root mean square",
                           {.fallback = false}};
    spar::Number weight_decay{this,
                              "weight_decay",
                              "l2 penalty, as weight_decay/2 |w|^2 in the loss",
                              {.fallback = 0, .min = 0}};

    std::vector<const char *> state() const override {
        std::vector<const char *> names{"square"};
        if (*centered) names.push_back("mean");
        if (*momentum > 0) names.push_back("momentum");
        return names;
    }
    bool elementwise() const override { return true; }

    void update(const spar::Update &u) const override {
        const auto rate = static_cast<float>(*lr * u.rate_factor);
        const auto decay = static_cast<float>(*weight_decay), epsilon = static_cast<float>(*eps);
        const auto a = static_cast<float>(*alpha), c = static_cast<float>(1 - *alpha);
        const auto mu = static_cast<float>(*momentum);
        auto w = spar::array(u.parameter), square = spar::array(u.memory(0));
        const auto g = spar::array(u.gradient) + decay * w;
        square = a * square + c * g * g;
        const auto step = [&](const auto &variance) {
            const auto direction = g / (variance.sqrt() + epsilon);
            if (*momentum == 0) {
                w -= rate * direction;
                return;
            }
            auto velocity = spar::array(u.memory(*centered ? 2 : 1));
            velocity = mu * velocity + direction;
            w -= rate * velocity;
        };
        if (!*centered) return step(square);
        auto mean = spar::array(u.memory(1));
        mean = a * mean + c * g;
        step((square - mean * mean).max(0.0F));
    }
};

}  // namespace

SPAR_PLUGIN("rmsprop", "1.0.0", RmsProp)
