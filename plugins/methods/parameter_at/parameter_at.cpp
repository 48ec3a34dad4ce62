#include "../common/example.hpp"
#include "../common/stash.hpp"

#include <spar/method.hpp>

namespace {

class ParameterAt final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "parameter_at",
        .summary =
            "Adversarial training on one named parameter, as FGM and PGD are practised in "
            "text models on the matrix of word embeddings: the gradients where it is "
            "perturbed are added to the clean ones, and it is restored to the bit. The "
            "norm is over the whole tensor.",
        .formula =
            "g = grad_w L(w) + grad_w L(w + r), r = 0, K times: r = project(r + step h / "
            "|h|_2), h the gradient of L by the parameter at w + r, |r|_2 <= eps",
        .reference =
            "after Miyato et al. 2017, arXiv:1605.07725 (there per example) and Madry et "
            "al. 2018, arXiv:1706.06083",
        .example = METHOD_EXAMPLE("linf", R"({"type":"parameter_at","parameter":"1.weight"})"),
    };

    void prepare(const spar::Session &session) override { session.prepare(method_); }

    void gradients(const spar::Session &session) override {
        const spar::Parameter p = find(session);
        const std::vector<float> before(p.value.begin(), p.value.end());
        earlier_.take(session);
        session.gradients(method_);
        std::vector<float> h(p.gradient.begin(), p.gradient.end());
        clean_.take(session);
        for (std::int64_t step = 0; step < *steps_; ++step) {
            if (step > 0) {
                h.assign(p.gradient.begin(), p.gradient.end());
                session.zero_gradients();
            }
            move(before, h, p.value);
            session.parameters_changed();
            session.gradients(method_);
        }
        std::ranges::copy(before, p.value.begin());
        session.parameters_changed();
        clean_.add(session);
        earlier_.add(session);
    }

  private:
    spar::Parameter find(const spar::Session &session) const {
        std::string names;
        for (const spar::Parameter &p : session.parameters()) {
            if (!p.trainable) continue;
            if (p.name == *parameter_) return p;
            names += (names.empty() ? "" : ", ") + std::string(p.name);
        }
        throw spar::invalid(
            "the model has no parameter \"" + *parameter_ + "\" to train; it has " + names,
            "/parameter");
    }

    void move(std::span<const float> center, std::span<const float> h, std::span<float> w) const {
        spar::Ball ball(spar_threat{});
        ball.norm = SPAR_NORM_L2;
        ball.eps = static_cast<float>(*eps_);
        ball.lower = -std::numeric_limits<float>::infinity();
        ball.upper = std::numeric_limits<float>::infinity();
        const double step = step_size_.value_or(*eps_ / static_cast<double>(*steps_));
        ball.ascend(center, h, static_cast<float>(step), w);
    }

    spar::Child method_{this,
                        "method",
                        SPAR_KIND_METHOD,
                        "whose gradients are taken",
                        {.fallback = R"({"type": "natural"})"}};
    spar::Text parameter_{this, "parameter", "its name, \"embedding.weight\""};
    spar::Number eps_{this,
                      "eps",
                      "length of the perturbation, over the whole tensor",
                      {.fallback = 1, .above = 0.0, .unit = "as the parameter"}};
    spar::Integer steps_{this, "steps", "1: FGM; 3 is usual for PGD", {.fallback = 1, .min = 1}};
    spar::Number step_size_{this,
                            "step_size",
                            "length of a step; left out: eps / steps",
                            {.above = 0.0, .unit = "as the parameter", .optional = true}};
    Stash earlier_, clean_;
};

}  // namespace

SPAR_PLUGIN("parameter_at", "1.0.0", ParameterAt)
