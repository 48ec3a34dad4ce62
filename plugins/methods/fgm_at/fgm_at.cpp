#include "../common/example.hpp"

#include <spar/kit/crafting.hpp>
#include <spar/kit/pair.hpp>

namespace {

class FgmAt final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "fgm_at",
        .summary =
            "The clean loss plus that at one step of length eps along the gradient: with "
            "an l2 threat on embeddings, adversarial training for text. One backward pass "
            "gives the clean gradient and the direction.",
        .formula =
            "min_w mean_i l(f_w(x_i), y_i) + weight l(f_w(x_i + eps g_i / |g_i|), y_i), "
            "g_i = grad_x l(f_w(x_i), y_i), the norm over the whole example",
        .reference =
            "Miyato, Dai, Goodfellow 2017, Adversarial training methods for "
            "semi-supervised text classification, arXiv:1605.07725",
        .example = METHOD_EXAMPLE("l2", R"({"type":"fgm_at"})"),
    };

    spar::Fit fit() const override { return {.tokens = true}; }

    void gradients(const spar::Session &session) override {
        const spar::Rows<float> x_adv = session.points("x_adv"), g = session.points("gradient");
        if (session.loss_compares()) {
            if (*weight_ != 1)
                throw spar::invalid("the loss brings a clean term of its own: leave weight out",
                                    "/weight");
            loss_.gradient(session, {}, g.data());
        } else {
            loss_.pass(session, {.weight = session.mean(), .dx = g.data()});
        }
        start_at_x(session, x_adv);
        ascend(session, g, session.threat().eps, x_adv);
        if (session.loss_compares()) return pair_.train_at(session, x_adv.data());
        session.pass({.x = x_adv.data(), .weight = session.mean() * *weight_});
    }

  private:
    spar::Number weight_{this, "weight", "of the adversarial loss", {.fallback = 1, .min = 0}};
    spar::CraftingLoss loss_{this};
    spar::Pair pair_;
};

}  // namespace

SPAR_PLUGIN("fgm_at", "1.0.0", FgmAt)
