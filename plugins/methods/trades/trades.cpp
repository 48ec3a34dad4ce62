#include "../common/example.hpp"

#include <spar/kit/pair.hpp>

namespace {

class Trades final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "trades",
        .summary =
            "The clean loss plus the divergence between the outputs at the clean and at "
            "the worst perturbed input.",
        .formula =
            "min_w mean_i l(f_w(x_i), y_i) + beta max_{|d| <= eps} KL(p_w(x_i) || p_w(x_i "
            "+ d)), pulled back through both arguments",
        .reference =
            "Zhang et al. 2019, Theoretically principled trade-off between robustness and "
            "accuracy, arXiv:1901.08573",
        .example = METHOD_EXAMPLE(
            "linf", R"({"type":"trades","attack":{"type":"pgd","steps":3,"start_noise":0.001}})"),
    };

    spar::Fit fit() const override { return spar::Fit::any(); }

    void prepare(const spar::Session &session) override {
        outputs_.resize(session.count(), session.outputs());
        session.pass({.mode = SPAR_MODE_EVAL, .outputs = outputs_.data(), .forward_only = true});
        session.attack(attack_, session.points("x_adv").data(),
                       {.loss = divergence_.ref(), .reference = outputs_.data()});
    }

    void gradients(const spar::Session &session) override {
        pair_.clean(session);
        pair_.pull(session, session.points("x_adv").data(), "divergence", [&](const auto &block) {
            put_loss(session, block);
            add_divergence(session, divergence_.ref(), *beta_, true, block);
        });
    }

  private:
    spar::Child attack_{this,
                        "attack",
                        SPAR_KIND_ATTACK,
                        "makes the divergence grow; it needs a start other than x, where the "
                        "divergence has no gradient",
                        {.fallback = R"({"type": "pgd", "steps": 10, "start_noise": 0.001})"}};
    spar::Number beta_{this,
                       "beta",
                       "weight of the divergence (1/lambda in the paper)",
                       {.fallback = 6, .min = 0}};
    spar::Child divergence_{this,
                            "divergence",
                            SPAR_KIND_LOSS,
                            "between perturbed outputs and clean ones",
                            {.fallback = R"({"type": "kl"})", .crafts = true}};
    spar::Matrix outputs_;
    spar::Pair pair_;
};

}  // namespace

SPAR_PLUGIN("trades", "1.0.0", Trades)
