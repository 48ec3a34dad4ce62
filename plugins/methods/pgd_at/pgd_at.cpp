#include <spar/pair.hpp>

namespace {

class PgdAt final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "pgd_at",
        .summary = "Adversarial training on the examples of an attack (Madry's).",
        .formula =
            "min_w mean_i (1 - c) max_{|d| <= eps} l(f_w(x_i + d), y_i) + c l(f_w(x_i), y_i)",
        .reference =
            "Madry et al. 2018, Towards deep learning models resistant to adversarial "
            "attacks, arXiv:1706.06083",
        .example = R"({
  "version": 1, "name": "pgd-at",
  "data": {"train": {"type": "digits", "examples": 64}},
  "model": {"type": "sequential", "layers": [{"type": "flatten"}, {"type": "linear", "out": 10}]},
  "threat": {"norm": "linf", "eps": 0.1},
  "train": {"method": {"type": "pgd_at", "attack": {"type": "pgd", "steps": 3}},
            "loss": {"type": "cross_entropy"},
            "optimizer": {"type": "sgd", "lr": 0.1}, "epochs": 1, "batch_size": 32}
})"};

    void prepare(const spar::Session &session) override {
        if (!session.loss_compares()) return session.attack(attack_, x_adv(session).data());
        if (*clean_weight_ > 0)
            throw spar::invalid("the loss brings a clean term of its own: leave clean_weight out",
                                "/clean_weight");
        outputs_.resize(session.count(), session.outputs());
        session.pass({.mode = SPAR_MODE_EVAL, .outputs = outputs_.data(), .forward_only = true});
        session.attack(attack_, x_adv(session).data(), {.reference = outputs_.data()});
    }

    void gradients(const spar::Session &session) override {
        if (session.loss_compares()) return compare(session);
        const double clean = *clean_weight_;
        session.pass({.x = x_adv(session).data(), .weight = session.mean() * (1 - clean)});
        if (clean > 0) session.pass({.weight = session.mean() * clean});
    }

  private:
    static spar::Rows<float> x_adv(const spar::Session &session) { return session.points("x_adv"); }

    /// A loss that takes the clean outputs beside the adversarial ones is pulled back through both.
    void compare(const spar::Session &session) {
        pair_.clean(session);
        pair_.pull(session, x_adv(session).data(), nullptr, [&](const spar::PairBlock &b) {
            session.loss({.first = b.first,
                          .count = b.count,
                          .outputs = b.other,
                          .reference = b.clean,
                          .gradients = b.other_gradient,
                          .reference_gradients = b.clean_gradient});
        });
    }

    spar::Child attack_{this,
                        "attack",
                        SPAR_KIND_ATTACK,
                        "crafts the examples to train on",
                        {.fallback = R"({"type": "pgd", "steps": 10})"}};
    spar::Number clean_weight_{this,
                               "clean_weight",
                               "share of the clean loss; 0 trains on adversarial examples only",
                               {.fallback = 0, .min = 0, .max = 1}};
    spar::Matrix outputs_;
    spar::Pair pair_;
};

}  // namespace

SPAR_PLUGIN("pgd_at", "1.0.0", PgdAt)
