#include "../common/example.hpp"
#include "../common/smoothness.hpp"

namespace {

class Alum final : public Smoothness {
  public:
    static constexpr spar::About about{
        .type = "alum",
        .summary =
            "Adversarial training for large neural language models: the clean loss plus "
            "the symmetric divergence at a perturbation that a few gradient steps make. The paper "
            "trains without it first: two runs, the second from the weights of the "
            "first.",
        .formula =
            "min_w mean_i l(f_w(x_i), y_i) + alpha max_{|d| <= eps} D(f_w(x_i + d), "
            "f_w(x_i)); d = N(0, sigma^2), K times: d = project(d + step g / |g|), g = grad_d D",
        .reference =
            "Liu et al. 2020, Adversarial training for large neural language models, "
            "arXiv:2004.08994",
        .example = METHOD_EXAMPLE("linf", R"({"type":"alum"})"),
        .version_1 = R"({"step_size": "1e-3", "normalize": "false"})",
    };

    spar::Fit fit() const override { return {.tokens = true}; }
    bool unlabelled() const override { return true; }

    void gradients(const spar::Session &session) override {
        const spar::Rows<float> x_adv = climb(session);
        pair_.pull(session, x_adv.data(), "divergence", [&](const auto &block) {
            put_loss(session, block);
            add_divergence(session, divergence_.ref(), *alpha_, true, block);
        });
    }

  private:
    spar::Number alpha_{
        this, "alpha", "weight of the divergence; 10 for pre-training", {.fallback = 1, .min = 0}};
};

}  // namespace

SPAR_PLUGIN("alum", "1.0.0", Alum)
