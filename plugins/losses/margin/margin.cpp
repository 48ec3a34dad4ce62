#include <spar/kit/targets.hpp>

namespace {

class Margin : public spar::Loss {
  public:
    static constexpr spar::About about{
        .type = "margin",
        .summary =
            "Carlini and Wagner's margin: how far the best other class is ahead of the own one.",
        .formula =
            "min(max_{i != y} z_i - z_y, kappa); towards a target t, where attacks push it down: "
            "max(max_{i != t} z_i - z_t, -kappa)",
        .reference =
            "Carlini and Wagner 2017, Towards evaluating the robustness of neural networks, f_6",
        .example = R"({"version":2,"name":"margin","seed":1,
 "data":{"test":{"type":"digits","examples":32}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"pgd","steps":5,"loss":{"type":"margin"}}]}})",
    };

    spar::Number kappa{this,
                       "kappa",
                       "confidence beyond which an attack gains nothing more; left out, no limit",
                       {.min = 0, .unit = "logits", .optional = true}};

    spar_loss_needs needs() const override { return SPAR_LOSS_NEEDS_LABELS; }

    double evaluate(const spar::LossRow &row) const override {
        const std::int64_t own = spar::class_of(row);
        const std::int64_t other = spar::argmax_except(row.output, own);
        if (other < 0) throw spar::invalid("the margin needs a model with two outputs or more");
        const auto at = [](std::int64_t i) { return static_cast<std::size_t>(i); };
        double margin = double{row.output[at(other)]} - double{row.output[at(own)]};
        // Towards a target this loss is decreased, so the limit is on the other side.
        const bool aimed = row.target != nullptr && *row.target == own;
        const double limit = kappa.value_or(0);
        const bool beyond = kappa.given() && (aimed ? margin < -limit : margin > limit);
        if (beyond) margin = aimed ? -limit : limit;
        if (!row.gradient.empty()) {
            std::fill(row.gradient.begin(), row.gradient.end(), 0.0F);
            if (!beyond) {
                row.gradient[at(other)] = 1;
                row.gradient[at(own)] = -1;
            }
        }
        return margin;
    }
};

}  // namespace

SPAR_PLUGIN("margin", "1.0.0", Margin)
