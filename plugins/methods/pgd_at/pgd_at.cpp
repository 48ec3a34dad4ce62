#include <spar/kit/crafting.hpp>
#include <spar/kit/pair.hpp>

namespace {

class PgdAt final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "pgd_at",
        .summary = "Adversarial training on the examples of an attack (Madry's).",
        .formula =
            "min_w mean_i a max_{|d| <= eps} l(f_w(x_i + d), y_i) + c l(f_w(x_i), y_i); a = "
            "weight, "
            "1 - c unless given; c = clean_weight",
        .reference =
            "Madry et al. 2018, Towards deep learning models resistant to adversarial "
            "attacks, arXiv:1706.06083",
        .example = R"({
  "version": 2, "name": "pgd-at",
  "data": {"train": {"type": "digits", "examples": 64}},
  "model": {"type": "sequential", "layers": [{"type": "flatten"}, {"type": "linear", "out": 10}]},
  "threat": {"norm": "linf", "eps": 0.1},
  "train": {"method": {"type": "pgd_at", "attack": {"type": "pgd", "steps": 3}},
            "loss": {"type": "cross_entropy"},
            "optimizer": {"type": "sgd", "lr": 0.1}, "epochs": 1, "batch_size": 32}
})"};

    spar::Fit fit() const override { return spar::Fit::anything(); }

    void prepare(const spar::Session &session) override {
        const bool weighs = *clean_weight_ > 0 || weight_.given();
        if (session.loss_compares() && weighs)
            throw spar::invalid(
                "the loss brings a clean term of its own: leave clean_weight and "
                "weight out",
                *clean_weight_ > 0 ? "/clean_weight" : "/weight");
        if (session.texts())
            texts_ = loss_.attack_tokens(session, attack_, {.mode = *mode_});
        else
            loss_.attack(session, attack_, session.points("x_adv").data(), {.mode = *mode_});
    }

    void gradients(const spar::Session &session) override {
        const spar::Pair::Place at = session.texts()
                                         ? spar::Pair::Place(texts_)
                                         : spar::Pair::Place(session.points("x_adv").data());
        const double clean = *clean_weight_;
        if (clean == 0 && !weight_.given()) return pair_.train_at(session, at);
        session.pass({.x = at.x,
                      .weight = session.mean() * weight_.value_or(1 - clean),
                      .tokens = at.tokens});
        session.pass({.weight = session.mean() * clean});
    }

  private:
    spar::Child attack_{this,
                        "attack",
                        SPAR_KIND_ATTACK,
                        "crafts the examples to train on",
                        {.fallback = R"({"type": "pgd", "steps": 10})"}};
    spar::Number clean_weight_{this,
                               "clean_weight",
                               "of the clean loss; 0 trains on adversarial examples only",
                               {.fallback = 0, .min = 0, .max = 1}};
    spar::Number weight_{this,
                         "weight",
                         "of the adversarial loss; left out: 1 - clean_weight, a mean of both. The "
                         "sum of both, as is usual for text: 1, with clean_weight 1",
                         {.min = 0, .optional = true}};
    spar::CraftingLoss loss_{this};
    spar::CraftingMode mode_{this, "eval"};
    spar::Pair pair_;
    const spar_tokens *texts_ = nullptr;  // attacked, of this step
};

}  // namespace

SPAR_PLUGIN("pgd_at", "1.0.0", PgdAt)
