#include "../common/shares.hpp"
#include "labels.hpp"

namespace {

class AdversarialCrossEntropy : public spar::Loss {
  public:
    static constexpr spar::About about{
        .type = "adversarial_cross_entropy",
        .summary =
            "Cross-entropy at the perturbed input, with perturbed labels if asked for, plus "
            "a share of the clean one.",
        .formula =
            "CE(f(x_adv), y') + clean_weight CE(f(x), y). labels: given, y' = y; noise, y' = y + "
            "label_eps n, n standard normal; smooth, y' = 1 - label_eps at y and label_eps / (K - "
            "1) "
            "elsewhere; bilateral, y' = 1 - label_eps at y and elsewhere (label_eps / (K - 1)) "
            "(v_k - min_{k != y} v_k + g) / (mean_{k != y} v_k - min_{k != y} v_k + g), v = -log "
            "softmax(f(x)), g = 0.01. The paper on bilateral training crafts its images by one "
            "step "
            "towards the likeliest other class, and its program takes a label_eps of each "
            "example's "
            "own; both are left out here",
        .reference = "Goodfellow et al. 2015; Wang and Zhang 2019, Bilateral adversarial training",
        .example = R"({"version":2,"name":"adversarial_cross_entropy","seed":1,
 "data":{"train":{"type":"digits","examples":64},"test":{"type":"digits","examples":32}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"pgd_at"},"loss":{"type":"adversarial_cross_entropy","labels":"smooth","label_eps":0.1},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":32}})",
    };

    spar::Choice labels{this,
                        "labels",
                        "how labels are perturbed",
                        {"given", "noise", "smooth", "bilateral"},
                        {.fallback = "given"}};
    spar::Number label_eps{this,
                           "label_eps",
                           "how far labels are perturbed; 0.5 in the paper on bilateral training",
                           {.fallback = 0.1, .min = 0, .max = 1}};
    spar::Number clean_weight{
        this, "clean_weight", "weight of the loss at the clean input", {.fallback = 0, .min = 0}};

    spar_loss_needs needs() const override {
        const bool clean = *clean_weight > 0 || labels.is("bilateral");
        const bool classes = labels.is("smooth") || labels.is("bilateral");
        return (clean ? SPAR_LOSS_NEEDS_REFERENCE : 0U) | (classes ? SPAR_LOSS_NEEDS_LABELS : 0U);
    }

    double evaluate(const spar::LossRow &row) const override {
        shares_.require(row);
        const spar::Targets given(row);
        const auto clean = [&](std::size_t i) { return given[i]; };
        double loss = adversarial(row, given);
        std::fill(row.reference_gradient.begin(), row.reference_gradient.end(), 0.0F);
        if (*clean_weight > 0)
            loss += spar::cross_entropy(spar::clean_outputs(row), clean, row.reference_gradient,
                                        *clean_weight);
        return loss;
    }

  private:
    double adversarial(const spar::LossRow &row, const spar::Targets &given) const {
        if (labels.is("noise")) {
            spar::Random random = row.random;
            return spar::cross_entropy(
                row.output,
                [&](std::size_t i) {
                    return given[i] + *label_eps * random.normal(static_cast<std::int64_t>(i));
                },
                row.gradient);
        }
        if (labels.is("smooth"))
            return spar::cross_entropy(row.output, spar::smooth_labels(row, *label_eps),
                                       row.gradient);
        if (labels.is("bilateral"))
            return spar::cross_entropy(row.output, spar::bilateral_labels(row, *label_eps),
                                       row.gradient);
        return spar::cross_entropy(
            row.output, [&](std::size_t i) { return given[i]; }, row.gradient);
    }

    spar::Shares shares_{*this};
};

}  // namespace

SPAR_PLUGIN("adversarial_cross_entropy", "1.0.0", AdversarialCrossEntropy)
