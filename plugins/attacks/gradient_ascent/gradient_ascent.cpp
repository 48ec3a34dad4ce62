#include <spar/array.hpp>
#include <spar/kit/descent.hpp>

namespace {

class GradientAscent : public spar::Descent {
  public:
    static constexpr spar::About about{
        .type = "gradient_ascent",
        .summary =
            "Plain gradient ascent: steps along the raw gradient of each example's loss, so "
            "their length follows the scale of the loss.",
        .formula = "x_{k+1} = project(x_k + step_size grad_x loss)",
        .example = R"({"version":2,"name":"gradient_ascent","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"l2","eps":1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"gradient_ascent","steps":5}]}})",
    };

    spar::Integer steps{this, "steps", "gradient steps", {.fallback = 10, .min = 1}};
    spar::Number step_size{this,
                           "step_size",
                           "factor on the gradient of one example's loss",
                           {.fallback = 1, .above = 0.0}};
    spar::Boolean random_start{
        this, "random_start", "begin uniformly in the ball instead of at x", {.fallback = false}};
    spar::Child loss{this,
                     "loss",
                     SPAR_KIND_LOSS,
                     "what to make grow; left out: the pipeline's loss",
                     {.optional = true}};
    spar::KeepFields keeping{this};

    spar::Fit fit() const override { return {.tokens = true}; }

  private:
    spar::DescentRule rule(const spar::AttackBatch &batch) const override {
        spar::DescentRule rule;
        rule.steps = *steps;
        rule.step = static_cast<float>(*step_size);
        rule.random_start = *random_start;
        rule.loss = loss.ref();
        keeping.apply(batch, rule);
        return rule;
    }
    void move(const Place &p) const override {
        const auto g = spar::array(p.gradient);
        spar::array(p.x) += g.isFinite().select(p.step * g, 0.0F);
        p.ball.project(p.center, p.x);
    }
};

}  // namespace

SPAR_PLUGIN("gradient_ascent", "1.0.0", GradientAscent)
