#include <spar/array.hpp>
#include <spar/kit/descent.hpp>

namespace {

class NesterovFgsm : public spar::Descent {
  public:
    static constexpr spar::About about{
        .type = "ni_fgsm",
        .summary =
            "Nesterov iterative fgsm: mi_fgsm with the gradient taken where the momentum "
            "leads. Proposes its last iterate.",
        .formula =
            "grad at x_k + step_size decay g_k; g_{k+1} = decay g_k + n^(1 - 1/p) grad / "
            "||grad||_1, for n values per example and the threat's norm p: linf, grad over the "
            "mean "
            "of its magnitudes; x_{k+1} = project(x_k + step_size u(g_{k+1}))",
        .reference =
            "Lin et al. 2020, Nesterov accelerated gradient and scale invariance for "
            "adversarial attacks; the factor, without which one looks ahead by an n-th of a step, "
            "as in the authors' program",
        .example = R"({"version":2,"name":"ni_fgsm","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"ni_fgsm","steps":5}]}})",
    };

    spar::DescentFields fields{this, 10, "eps / steps"};
    spar::Number decay{this,
                       "decay",
                       "share of the running sum kept from step to step",
                       {.fallback = 1, .min = 0}};

    spar::Fit fit() const override { return {.tokens = true}; }

  private:
    spar::DescentRule rule(const spar::AttackBatch &batch) const override {
        return fields.rule(batch.threat().eps / static_cast<double>(*fields.steps));
    }
    bool remembers() const override { return true; }
    bool looks_ahead() const override { return true; }
    void look_ahead(std::span<const float> x, std::span<const float> memory, float step,
                    std::span<float> ahead) const override {
        const auto reach = static_cast<float>(step * *decay);
        spar::array(ahead) = spar::array(x) + reach * spar::array(memory);
    }
    void move(const Place &p) const override {
        // A uniform gradient adds a vector of length 1 in the threat's norm.
        const auto size = static_cast<double>(p.values);
        const double unit = p.ball.norm == SPAR_NORM_LINF ? size
                            : p.ball.norm == SPAR_NORM_L2 ? std::sqrt(size)
                                                          : 1;
        spar::accumulate(*decay, p.gradient, p.memory, unit);
        p.ball.ascend(p.center, p.memory, p.step, p.x);
    }
};

}  // namespace

SPAR_PLUGIN("ni_fgsm", "1.0.0", NesterovFgsm)
