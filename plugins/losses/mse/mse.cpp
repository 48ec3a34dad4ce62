#include <spar/kit/targets.hpp>

#include "../common/shares.hpp"

namespace {

class MeanSquaredError : public spar::Loss {
  public:
    static constexpr spar::About about{
        .type = "mse",
        .summary =
            "Mean squared error of the outputs, or of their softmax, from values or from classes; "
            "or, for methods that compare outputs, from the outputs elsewhere.",
        .formula =
            "1/K sum_i (o_i - t_i)^2, o the outputs or their softmax, t the values or 1 at the "
            "class and 0 elsewhere, or the outputs at the clean example.",
        .example = R"({"version":2,"name":"mse","seed":1,
 "data":{"train":{"type":"digits","examples":64},"test":{"type":"digits","examples":32}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"mse"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":32}})",
    };

    spar::Choice on{this,
                    "on",
                    "what is compared with the target",
                    {"outputs", "softmax"},
                    {.fallback = "outputs"}};

    spar::Choice against{
        this,
        "against",
        "the target, or the outputs elsewhere: the divergence of smart and similar "
        "methods on regression",
        {"target", "outputs"},
        {.fallback = "target"}};

    void configure() override {
        if (against.is("outputs") && on.is("softmax"))
            throw spar::invalid("outputs are compared as they are: leave \"on\" out", "/on");
    }

    spar_loss_needs needs() const override {
        return against.is("outputs") ? SPAR_LOSS_NEEDS_REFERENCE : 0U;
    }

    double evaluate(const spar::LossRow &row) const override {
        if (against.is("outputs")) return apart(row);
        if (on.is("softmax")) shares_.expect(row);
        const spar::Targets targets(row);
        return spar::mean_deviation(
            row.output, on.is("softmax"), [&](std::size_t i) { return targets[i]; }, spar::square,
            spar::twice, row.gradient);
    }

  private:
    static double apart(const spar::LossRow &row) {
        const std::span<const float> z = row.output, other = spar::clean_outputs(row);
        const double loss = spar::mean_deviation(
            z, false, [&](std::size_t i) { return double{other[i]}; }, spar::square, spar::twice,
            row.gradient);
        spar::mean_deviation(
            other, false, [&](std::size_t i) { return double{z[i]}; }, spar::square, spar::twice,
            row.reference_gradient);
        return loss;
    }

    spar::Shares shares_{*this};
};

}  // namespace

SPAR_PLUGIN("mse", "1.0.0", MeanSquaredError)
