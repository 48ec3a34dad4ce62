#include <spar/kit/dlr.hpp>
#include <spar/kit/targets.hpp>

namespace {

class DifferenceOfLogitsRatio : public spar::Loss {
  public:
    static constexpr spar::About about{
        .type = "dlr",
        .summary =
            "Difference of logits ratio: a margin that neither shifting nor scaling the "
            "outputs changes. An attack on a target takes it of the target and makes it fall; the "
            "paper's targeted ratio is in apgd, with targets.",
        .formula = "-(z_y - max_{i != y} z_i) / (z_(1) - z_(3) + 1e-12)",
        .reference =
            "Croce and Hein 2020, Reliable evaluation of adversarial robustness with an "
            "ensemble of diverse parameter-free attacks",
        .example = R"({"version":2,"name":"dlr","seed":1,
 "data":{"test":{"type":"digits","examples":32}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"pgd","steps":5,"loss":{"type":"dlr"}}]}})",
    };

    spar_loss_needs needs() const override { return SPAR_LOSS_NEEDS_LABELS; }

    double evaluate(const spar::LossRow &row) const override {
        return spar::dlr(row.output, spar::class_of(row), row.gradient);
    }
};

}  // namespace

SPAR_PLUGIN("dlr", "1.0.0", DifferenceOfLogitsRatio)
