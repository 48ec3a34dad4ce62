#include <spar/kit/targets.hpp>

#include "../common/shares.hpp"

namespace {

class MeanAbsoluteError : public spar::Loss {
  public:
    static constexpr spar::About about{
        .type = "mae",
        .summary =
            "Mean absolute error of the outputs, or of their softmax, from values or from classes.",
        .formula =
            "1/K sum_i |o_i - t_i|, o the outputs or their softmax, t the values or 1 at the class "
            "and 0 elsewhere. On the softmax it is 2 (1 - p_y) / K, whose gradient fades for "
            "examples that are wrong with confidence.",
        .example = R"({"version":2,"name":"mae","seed":1,
 "data":{"train":{"type":"digits","examples":64},"test":{"type":"digits","examples":32}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"mae"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":32}})",
    };

    spar::Choice on{this,
                    "on",
                    "what is compared with the target",
                    {"outputs", "softmax"},
                    {.fallback = "outputs"}};

    double evaluate(const spar::LossRow &row) const override {
        if (on.is("softmax")) shares_.expect(row);
        const spar::Targets targets(row);
        return spar::mean_deviation(
            row.output, on.is("softmax"), [&](std::size_t i) { return targets[i]; },
            spar::magnitude, spar::sign_of, row.gradient);
    }

  private:
    spar::Shares shares_{*this};
};

}  // namespace

SPAR_PLUGIN("mae", "1.0.0", MeanAbsoluteError)
