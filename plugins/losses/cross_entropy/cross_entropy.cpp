#include <spar/kit/targets.hpp>

#include "../common/shares.hpp"

namespace {

class CrossEntropy : public spar::Loss {
  public:
    static constexpr spar::About about{
        .type = "cross_entropy",
        .summary = "Cross-entropy of the softmax of the outputs, for classes or soft labels.",
        .formula =
            "-sum_i t_i log softmax(z)_i with t_i = (1 - s) y_i + s / K, s = label_smoothing",
        .reference = "Szegedy et al. 2016, Rethinking the Inception architecture (label smoothing)",
        .example = R"({"version":2,"name":"cross_entropy","seed":1,
 "data":{"train":{"type":"digits","examples":64},"test":{"type":"digits","examples":32}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":32}})",
    };

    spar::Number label_smoothing{this,
                                 "label_smoothing",
                                 "share of the target spread evenly over all classes",
                                 {.fallback = 0, .min = 0, .max = 1}};

    double evaluate(const spar::LossRow &row) const override {
        shares_.require(row);
        const spar::Targets targets(row);
        const double smoothing = *label_smoothing;
        const double share = smoothing / static_cast<double>(row.output.size());
        const auto smooth = [&](std::size_t i) { return (1 - smoothing) * targets[i] + share; };
        return spar::cross_entropy(row.output, smooth, row.gradient);
    }

  private:
    spar::Shares shares_{*this};
};

}  // namespace

SPAR_PLUGIN("cross_entropy", "1.0.0", CrossEntropy)
