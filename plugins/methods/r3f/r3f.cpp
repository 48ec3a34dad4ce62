#include "../common/example.hpp"

#include <spar/kit/pair.hpp>

namespace {

class R3f final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "r3f",
        .summary =
            "Regularisation by noise alone: the outputs are to stay the same when a little "
            "noise is added, no ascent. It needs no threat model.",
        .formula =
            "min_w mean_i l(f_w(x_i), y_i) + weight (KL(p || q) + KL(q || p)), p = "
            "p_w(x_i), q = p_w(x_i + z), z ~ U(-noise, noise) or N(0, noise^2)",
        .reference =
            "Aghajanyan et al. 2021, Better fine-tuning by reducing representational "
            "collapse, arXiv:2008.03156",
        .example = METHOD_EXAMPLE("linf", R"({"type":"r3f"})"),
    };

    spar::Fit fit() const override { return {.tokens = true}; }
    bool unlabelled() const override { return true; }

    void gradients(const spar::Session &session) override {
        const spar::Rows<float> noisy = session.points("noisy");
        add_noise(session, noisy);
        pair_.clean(session);
        pair_.pull(session, noisy.data(), "divergence", [&](const auto &block) {
            put_loss(session, block);
            add_divergence(session, divergence_.ref(), *weight_, true, block);
        });
    }

  private:
    void add_noise(const spar::Session &session, spar::Rows<float> noisy) const {
        const auto sigma = static_cast<float>(*noise_);
        for_rows(session.count(), [&](std::int64_t row) {
            spar::Random random = session.random(row);
            for (std::size_t i = 0; i < noisy[row].size(); ++i) {
                const auto index = static_cast<std::int64_t>(i);
                const float z = distribution_.is("uniform") ? random.uniform(index, -sigma, sigma)
                                                            : sigma * random.normal(index);
                noisy[row][i] = session.x()[row][i] + z;
            }
            session.hold_masked(row, noisy[row]);
        });
    }

    spar::Number weight_{
        this, "weight", "of the divergence, lambda in the paper", {.fallback = 1, .min = 0}};
    spar::Number noise_{this,
                        "noise",
                        "bound of the uniform noise, or deviation of the normal",
                        {.fallback = 1e-5, .min = 0, .unit = "as x"}};
    spar::Choice distribution_{
        this, "distribution", "of the noise", {"uniform", "normal"}, {.fallback = "uniform"}};
    spar::Child divergence_{this,
                            "divergence",
                            SPAR_KIND_LOSS,
                            "between perturbed outputs and clean ones",
                            {.fallback = R"({"type": "kl", "direction": "symmetric"})"}};
    spar::Pair pair_;
};

}  // namespace

SPAR_PLUGIN("r3f", "1.0.0", R3f)
