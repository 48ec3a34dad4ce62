#include <spar/dlr.hpp>
#include <spar/targets.hpp>

namespace {

class DifferenceOfLogitsRatio : public spar::Loss {
  public:
    static constexpr spar::About about{
        .type = "dlr",
        .summary =
            "Difference of logits ratio: a margin that neither shifting nor scaling the "
            "outputs changes.",
        .formula =
            "-(z_y - max_{i != y} z_i) / (z_(1) - z_(3) + 1e-12); towards a class t other "
            "than y: -(z_y - z_t) / (z_(1) - (z_(3) + z_(4)) / 2 + 1e-12)",
        .reference =
            "Croce and Hein 2020, Reliable evaluation of adversarial robustness with an "
            "ensemble of diverse parameter-free attacks",
        .example = R"({"version":1,"name":"dlr","seed":1,
 "data":{"test":{"type":"digits","examples":32}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"pgd","steps":5,"loss":{"type":"dlr"}}]}})",
    };

    spar_loss_needs needs() const override { return SPAR_LOSS_NEEDS_LABELS; }

    double evaluate(const spar::LossRow &row) const override {
        const std::int64_t own = spar::class_of(row);
        // An attack on a target hands its target over as the class, and descends.
        if (row.target != nullptr && *row.target != own)
            return spar::targeted_dlr(row.output, own, *row.target, row.gradient);
        return spar::dlr(row.output, own, row.gradient);
    }
};

}  // namespace

SPAR_PLUGIN("dlr", "1.0.0", DifferenceOfLogitsRatio)
