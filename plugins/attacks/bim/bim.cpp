#include <spar/kit/descent.hpp>

namespace {

class Bim : public spar::Descent {
  public:
    static constexpr spar::About about{
        .type = "bim",
        .summary = "Basic iterative method: fgsm in small steps from x itself.",
        .formula =
            "x_0 = x, x_{k+1} = project(x_k + step_size u(grad_x loss)), u the steepest "
            "direction of the threat's norm",
        .reference = "Kurakin et al. 2017, Adversarial examples in the physical world",
        .example = R"({"version":2,"name":"bim","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"bim","steps":5}]}})",
    };

    spar::DescentFields fields{this, 10, "2 eps / steps"};
    spar::KeepFields keeping{this};

    spar::Fit fit() const override { return {.tokens = true}; }

  private:
    spar::DescentRule rule(const spar::AttackBatch &batch) const override {
        spar::DescentRule rule =
            fields.rule(2 * batch.threat().eps / static_cast<double>(*fields.steps));
        keeping.apply(batch, rule);
        return rule;
    }
};

}  // namespace

SPAR_PLUGIN("bim", "1.0.0", Bim)
