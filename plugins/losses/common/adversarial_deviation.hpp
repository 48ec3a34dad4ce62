// Regression at perturbed inputs: what adversarial_mse and adversarial_mae have in common.
#pragma once

#include "shares.hpp"

#include <spar/kit/targets.hpp>

namespace spar {

class AdversarialDeviation : public Loss {
  public:
    Choice on{this,
              "on",
              "what is compared with the target",
              {"outputs", "softmax"},
              {.fallback = "outputs"}};
    Number label_eps{this,
                     "label_eps",
                     "standard deviation of the noise added to the targets",
                     {.fallback = 0, .min = 0}};
    Number clean_weight{
        this, "clean_weight", "weight of the loss at the clean input", {.fallback = 0, .min = 0}};

    spar_loss_needs needs() const override {
        return *clean_weight > 0 ? SPAR_LOSS_NEEDS_REFERENCE : 0U;
    }

  protected:
    /// The mean of `cost` over the differences from the targets, at the perturbed input and, with
    /// its weight, at the clean one. `slope` is the cost's derivative.
    template <class Cost, class Slope>
    double deviation(const LossRow &row, Cost cost, Slope slope) const {
        if (on.is("softmax")) shares_.expect(row);
        const Targets given(row);
        Random random = row.random;
        const auto clean = [&](std::size_t i) { return given[i]; };
        const auto noisy = [&](std::size_t i) {
            return *label_eps == 0
                       ? given[i]
                       : given[i] + *label_eps * random.normal(static_cast<std::int64_t>(i));
        };
        double loss =
            mean_deviation(row.output, on.is("softmax"), noisy, cost, slope, row.gradient);
        std::fill(row.reference_gradient.begin(), row.reference_gradient.end(), 0.0F);
        if (*clean_weight > 0)
            loss += mean_deviation(clean_outputs(row), on.is("softmax"), clean, cost, slope,
                                   row.reference_gradient, *clean_weight);
        return loss;
    }

  private:
    Shares shares_{*this};
};

}  // namespace spar
