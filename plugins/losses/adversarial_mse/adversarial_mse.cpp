#include <spar/targets.hpp>

namespace {

class AdversarialSquaredError : public spar::Loss {
  public:
    static constexpr spar::About about{
        .type = "adversarial_mse",
        .summary =
            "Mean squared error at the perturbed input, with perturbed values if asked for, plus a "
            "share of the clean one.",
        .formula =
            "1/K sum_i (o_i(x_adv) - y_i - label_eps n_i)^2 + clean_weight 1/K sum_i (o_i(x) - "
            "y_i)^2, n standard normal, o the outputs or their softmax",
        .reference =
            "Goodfellow et al. 2015, Explaining and harnessing adversarial examples (mixed loss)",
        .example = R"({"version":1,"name":"adversarial_mse","seed":1,
 "data":{"train":{"type":"digits","examples":64},"test":{"type":"digits","examples":32}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"pgd_at"},"loss":{"type":"adversarial_mse"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":32}})",
    };

    spar::Choice on{this,
                    "on",
                    "what is compared with the target",
                    {"outputs", "softmax"},
                    {.fallback = "outputs"}};
    spar::Number label_eps{this,
                           "label_eps",
                           "standard deviation of the noise added to the targets",
                           {.fallback = 0, .min = 0}};
    spar::Number clean_weight{
        this, "clean_weight", "weight of the loss at the clean input", {.fallback = 0, .min = 0}};

    spar_loss_needs needs() const override {
        return *clean_weight > 0 ? SPAR_LOSS_NEEDS_REFERENCE : 0U;
    }

    double evaluate(const spar::LossRow &row) const override {
        const spar::Targets given(row);
        spar::Random random = row.random;
        const auto noisy = [&](std::size_t i) {
            return *label_eps == 0
                       ? given[i]
                       : given[i] + *label_eps * random.normal(static_cast<std::int64_t>(i));
        };
        const auto clean = [&](std::size_t i) { return given[i]; };
        double loss = spar::mean_deviation(row.output, on.is("softmax"), noisy, spar::square,
                                           spar::twice, row.gradient);
        std::fill(row.reference_gradient.begin(), row.reference_gradient.end(), 0.0F);
        if (*clean_weight > 0)
            loss += spar::mean_deviation(spar::clean_outputs(row), on.is("softmax"), clean,
                                         spar::square, spar::twice, row.reference_gradient,
                                         *clean_weight);
        return loss;
    }
};

}  // namespace

SPAR_PLUGIN("adversarial_mse", "1.0.0", AdversarialSquaredError)
