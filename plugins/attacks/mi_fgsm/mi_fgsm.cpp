#include <spar/kit/descent.hpp>

namespace {

class MomentumFgsm : public spar::Descent {
  public:
    static constexpr spar::About about{
        .type = "mi_fgsm",
        .summary =
            "Momentum iterative fgsm: steps follow a running sum of normalised gradients, "
            "which carries over better to other models.",
        .formula =
            "g_{k+1} = decay g_k + grad / ||grad||_1; x_{k+1} = project(x_k + step_size "
            "u(g_{k+1})), u the steepest direction of the threat's norm",
        .reference = "Dong et al. 2018, Boosting adversarial attacks with momentum",
        .example = R"({"version":2,"name":"mi_fgsm","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"mi_fgsm","steps":5}]}})",
    };

    spar::DescentFields fields{this, 10, "eps / steps"};
    spar::Number decay{this,
                       "decay",
                       "share of the running sum kept from step to step",
                       {.fallback = 1, .min = 0}};
    spar::KeepFields keeping{this};

    spar::Fit fit() const override { return {.tokens = true}; }

  private:
    spar::DescentRule rule(const spar::AttackBatch &batch) const override {
        spar::DescentRule rule =
            fields.rule(batch.threat().eps / static_cast<double>(*fields.steps));
        keeping.apply(batch, rule);
        return rule;
    }
    bool remembers() const override { return true; }
    void move(const Place &p) const override {
        spar::accumulate(*decay, p.gradient, p.memory);
        p.ball.ascend(p.center, p.memory, p.step, p.x);
    }
};

}  // namespace

SPAR_PLUGIN("mi_fgsm", "1.0.0", MomentumFgsm)
