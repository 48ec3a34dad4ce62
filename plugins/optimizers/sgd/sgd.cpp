#include "../common/example.hpp"

#include <spar/array.hpp>
#include <spar/optimizer.hpp>

namespace {

/// Stochastic gradient descent in PyTorch's form: the rate multiplies the momentum.
class Sgd : public spar::Optimizer {
  public:
    static constexpr spar::About about{
        .type = "sgd",
        .summary =
            "Stochastic gradient descent with momentum, Nesterov's look-ahead and weight decay.",
        .formula =
            "g += weight_decay w; v = momentum v + g; g = g + momentum v (nesterov) or v; "
            "w -= lr g",
        .reference =
            "Sutskever et al. 2013, On the importance of initialization and momentum in deep "
            "learning; the form of torch.optim.SGD",
        .example = OPTIMIZER_EXAMPLE(R"({"type":"sgd","lr":0.05,"momentum":0.9})"),
    };

    spar::Number lr{this, "lr", "learning rate", {.min = 0}};
    spar::Number momentum{this,
                          "momentum",
                          "share of the last step that is kept",
                          {.fallback = 0, .min = 0, .below = 1}};
    spar::Boolean nesterov{this, "nesterov", "look ahead along the momentum", {.fallback = false}};
    spar::Number weight_decay{this,
                              "weight_decay",
                              "l2 penalty, as weight_decay/2 |w|^2 in the loss",
                              {.fallback = 0, .min = 0}};

    void configure() override {
        if (*nesterov && *momentum == 0)
            throw spar::invalid(
                "nesterov looks ahead along the momentum, which is 0; give a momentum "
                "or leave nesterov out",
                "/nesterov");
    }

    std::vector<const char *> state() const override {
        return *momentum > 0 ? std::vector{"momentum"} : std::vector<const char *>{};
    }
    bool elementwise() const override { return true; }

    void update(const spar::Update &u) const override {
        const auto rate = static_cast<float>(*lr * u.rate_factor);
        const auto decay = static_cast<float>(*weight_decay);
        auto w = spar::array(u.parameter);
        const auto g = spar::array(u.gradient) + decay * w;
        if (*momentum == 0) {
            w -= rate * g;
            return;
        }
        const auto mu = static_cast<float>(*momentum);
        auto v = spar::array(u.memory(0));
        v = mu * v + g;
        if (*nesterov)
            w -= rate * (g + mu * v);
        else
            w -= rate * v;
    }
};

}  // namespace

SPAR_PLUGIN("sgd", "1.0.0", Sgd)
