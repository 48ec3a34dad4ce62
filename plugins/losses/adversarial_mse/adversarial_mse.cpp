#include "../common/adversarial_deviation.hpp"

namespace {

class AdversarialSquaredError : public spar::AdversarialDeviation {
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
        .example = R"({"version":2,"name":"adversarial_mse","seed":1,
 "data":{"train":{"type":"digits","examples":64},"test":{"type":"digits","examples":32}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"pgd_at"},"loss":{"type":"adversarial_mse"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":32}})",
    };

    double evaluate(const spar::LossRow &row) const override {
        return deviation(row, spar::square, spar::twice);
    }
};

}  // namespace

SPAR_PLUGIN("adversarial_mse", "1.0.0", AdversarialSquaredError)
