#include <spar/kit/descent.hpp>

namespace {

class Fgsm : public spar::Descent {
  public:
    static constexpr spar::About about{
        .type = "fgsm",
        .summary =
            "Fast gradient sign method: one step of length eps in the steepest direction of "
            "the threat's norm, which is the gradient's sign under linf.",
        .formula = "x' = clip(x + eps sign(grad_x loss))",
        .reference =
            "Goodfellow et al. 2015, Explaining and harnessing adversarial examples; with "
            "random_start: Wong et al. 2020, Fast is better than free",
        .example = R"({"version":2,"name":"fgsm","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"fgsm"}]}})",
    };

    spar::Boolean random_start{
        this, "random_start", "begin uniformly in the ball instead of at x", {.fallback = false}};
    spar::Number step_size{this,
                           "step_size",
                           "length of the step in the threat's norm; left out: eps",
                           {.above = 0.0, .unit = "as eps", .optional = true}};
    spar::Child loss{this,
                     "loss",
                     SPAR_KIND_LOSS,
                     "what to make grow; left out: the pipeline's loss",
                     {.optional = true}};

    spar::Fit fit() const override { return {.tokens = true}; }

  private:
    spar::DescentRule rule(const spar::AttackBatch &batch) const override {
        spar::DescentRule rule;
        rule.step = static_cast<float>(step_size.value_or(batch.threat().eps));
        rule.random_start = *random_start;
        rule.loss = loss.ref();
        return rule;
    }
};

}  // namespace

SPAR_PLUGIN("fgsm", "1.0.0", Fgsm)
