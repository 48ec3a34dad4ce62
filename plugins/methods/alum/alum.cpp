#include "../common/example.hpp"
#include "../common/smoothness.hpp"

namespace {

class Alum final : public Smoothness {
  public:
    static constexpr spar::About about{
        .type = "alum",
        .summary =
            "Adversarial training for large neural language models: the clean loss plus "
            "the symmetric divergence at a perturbation that a few raw gradient steps "
            "make. The paper trains without it first: two runs, the second from the weights of the "
            "first.",
        .formula =
            "min_w mean_i l(f_w(x_i), y_i) + alpha max_{|d| <= eps} D(f_w(x_i + d), "
            "f_w(x_i)); d = N(0, sigma^2), K times: d = project(d + step grad_d D)",
        .reference =
            "Liu et al. 2020, Adversarial training for large neural language models, "
            "arXiv:2004.08994",
        .example = METHOD_EXAMPLE("linf", R"({"type":"alum"})"),
    };

    void gradients(const spar::Session &session) override {
        const spar::Ball ball = session.ball();
        const spar::Rows<float> x_adv =
            climb(session, [&](std::int64_t row, std::span<const float> g, std::span<float> x_adv) {
                add_step(g, *step_size_, *normalize_ ? ball.length(g) : 1, x_adv);
                ball.project(session.x()[row], x_adv);
            });
        pair_.pull(session, x_adv.data(), "divergence", [&](const auto &block) {
            add_clean_loss(session, block);
            add_divergence(session, divergence_.ref(), *alpha_, true, block);
        });
    }

  private:
    spar::Number alpha_{
        this, "alpha", "weight of the divergence; 10 for pre-training", {.fallback = 1, .min = 0}};
    spar::Number step_size_{this,
                            "step_size",
                            "what the gradient is multiplied with, eta",
                            {.fallback = 1e-3, .min = 0}};
    spar::Boolean normalize_{this,
                             "normalize",
                             "divide the gradient by its length in the threat's norm first, near "
                             "to what the authors' program does",
                             {.fallback = false}};
};

}  // namespace

SPAR_PLUGIN("alum", "1.0.0", Alum)
