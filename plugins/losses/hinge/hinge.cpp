#include <spar/kit/targets.hpp>

namespace {

class Hinge : public spar::Loss {
  public:
    static constexpr spar::About about{
        .type = "hinge",
        .summary =
            "Multi-class hinge loss: the own class is to lead the best other one by a margin.",
        .formula = "max(0, margin + max_{i != y} z_i - z_y)",
        .reference =
            "Crammer and Singer 2001, On the algorithmic implementation of multiclass "
            "kernel-based vector machines",
        .example = R"({"version":2,"name":"hinge","seed":1,
 "data":{"train":{"type":"digits","examples":64},"test":{"type":"digits","examples":32}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"hinge"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":32}})",
    };

    spar::Number margin{this,
                        "margin",
                        "lead at which an example costs nothing",
                        {.fallback = 1, .min = 0, .unit = "logits"}};

    spar_loss_needs needs() const override { return SPAR_LOSS_NEEDS_LABELS; }

    double evaluate(const spar::LossRow &row) const override {
        const std::int64_t own = spar::class_of(row);
        const std::int64_t other = spar::argmax_except(row.output, own);
        if (other < 0) throw spar::invalid("the hinge loss needs a model with two outputs or more");
        const auto at = [](std::int64_t i) { return static_cast<std::size_t>(i); };
        const double missing =
            *margin + double{row.output[at(other)]} - double{row.output[at(own)]};
        if (!row.gradient.empty()) {
            std::fill(row.gradient.begin(), row.gradient.end(), 0.0F);
            if (missing > 0) {
                row.gradient[at(other)] = 1;
                row.gradient[at(own)] = -1;
            }
        }
        return std::max(missing, 0.0);
    }
};

}  // namespace

SPAR_PLUGIN("hinge", "1.0.0", Hinge)
