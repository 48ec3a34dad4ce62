#include "../common/example.hpp"

#include <spar/optimizer.hpp>

namespace {

/// Stochastic gradient descent in the form of PyTorch, where the rate multiplies the momentum.
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
                          "share of the last step that goes on",
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

    void update(const spar::Update &u) const override {
        const auto rate = static_cast<float>(*lr * u.rate_factor);
        const auto decay = static_cast<float>(*weight_decay);
        float *w = u.parameter.data();
        const float *gradient = u.gradient.data();
        if (*momentum == 0) {
            for (std::size_t i = 0; i < u.parameter.size(); ++i)
                w[i] -= rate * (gradient[i] + decay * w[i]);
            return;
        }
        const auto mu = static_cast<float>(*momentum);
        const float gradient_share = *nesterov ? 1.0F : 0.0F,
                    velocity_share = *nesterov ? mu : 1.0F;
        float *velocity = u.memory(0).data();
        for (std::size_t i = 0; i < u.parameter.size(); ++i) {
            const float g = gradient[i] + decay * w[i];
            velocity[i] = mu * velocity[i] + g;
            w[i] -= rate * (gradient_share * g + velocity_share * velocity[i]);
        }
    }
};

}  // namespace

SPAR_PLUGIN("sgd", "1.0.0", Sgd)
