#include "../common/example.hpp"

#include <spar/pair.hpp>

namespace {

class Alum final : public spar::Method {
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
        const float *clean = pair_.clean(session);
        const spar::Rows<float> x_adv = session.points("x_adv"), g = session.points("gradient");
        noisy_start(session, noise_.value_or(session.threat().eps), x_adv);
        for (std::int64_t step = 0; step < *steps_; ++step) {
            session.pass({.x = x_adv.data(),
                          .wants = SPAR_WANT_INPUT_GRADIENT,
                          .loss = divergence_.ref(),
                          .reference = clean,
                          .dx = g.data()});
            move(session, g, x_adv);
        }
        pair_.pull(session, x_adv.data(), "divergence", [&](const auto &block) {
            add_clean_loss(session, block);
            add_divergence(session, divergence_.ref(), *alpha_, true, block);
        });
    }

  private:
    void move(const spar::Session &session, spar::Rows<float> g, spar::Rows<float> x_adv) const {
        const spar::Ball ball = session.ball();
        for_rows(session.count(), [&](std::int64_t row) {
            session.clear_masked(row, g[row]);
            const double length = *normalize_ ? ball.length(g[row]) : 1;
            const double scale = length > 0 ? *step_size_ / length : 0;
            for (std::size_t i = 0; i < g[row].size(); ++i)
                x_adv[row][i] = static_cast<float>(x_adv[row][i] + scale * g[row][i]);
            ball.project(session.x()[row], x_adv[row]);
        });
    }

    spar::Number alpha_{
        this, "alpha", "weight of the divergence; 10 for pre-training", {.fallback = 1, .min = 0}};
    spar::Number noise_{this,
                        "noise",
                        "standard deviation of the start, sigma; left out: eps (both are 1e-5 in "
                        "the paper)",
                        {.min = 0, .unit = "as eps", .optional = true}};
    spar::Integer steps_{this, "steps", "ascent steps, K", {.fallback = 1, .min = 0}};
    spar::Number step_size_{this,
                            "step_size",
                            "what the gradient is multiplied with, eta",
                            {.fallback = 1e-3, .min = 0}};
    spar::Boolean normalize_{this,
                             "normalize",
                             "divide the gradient by its length in the threat's norm first, near "
                             "to what the authors' program does",
                             {.fallback = false}};
    spar::Child divergence_{this,
                            "divergence",
                            SPAR_KIND_LOSS,
                            "between perturbed outputs and clean ones",
                            {.fallback = R"({"type": "kl", "direction": "symmetric"})"}};
    spar::Pair pair_;
};

}  // namespace

SPAR_PLUGIN("alum", "1.0.0", Alum)
