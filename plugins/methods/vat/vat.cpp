#include "../common/example.hpp"

#include <spar/array.hpp>
#include <spar/kit/pair.hpp>

namespace {

class Vat final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "vat",
        .summary =
            "Virtual adversarial training: the divergence from the clean outputs, taken as "
            "given, to those in the direction in which they change fastest. It needs no "
            "labels for that term. Its perturbed pass moves running statistics of batchnorm as the "
            "clean one does.",
        .formula =
            "min_w mean_i l(f_w(x_i), y_i) + weight KL(p(x_i) || p_w(x_i + eps d_i)), d_i "
            "by power iteration: d = unit(grad_d KL(p(x) || p(x + xi d)))",
        .reference = "Miyato et al. 2018, Virtual adversarial training, arXiv:1704.03976",
        .example = METHOD_EXAMPLE("l2", R"({"type":"vat"})"),
        .version_1 = R"({"xi": "1e-6"})",
    };

    spar::Fit fit() const override { return {.tokens = true}; }
    bool unlabelled() const override { return true; }

    void gradients(const spar::Session &session) override {
        const float *clean = pair_.clean(session);
        const spar::Rows<float> x_adv = session.points("x_adv"), d = session.points("direction");
        random_direction(session, d);
        for (std::int64_t iteration = 0; iteration < *iterations_; ++iteration) {
            look_along(session, d, x_adv);
            session.pass({.x = x_adv.data(),
                          .wants = SPAR_WANT_INPUT_GRADIENT,
                          .loss = divergence_.ref(),
                          .reference = clean,
                          .dx = d.data()});
        }
        start_at_x(session, x_adv);
        ascend(session, d, session.threat().eps, x_adv);
        pair_.pull(session, x_adv.data(), "divergence", [&](const auto &block) {
            put_loss(session, block);
            add_divergence(session, divergence_.ref(), *weight_, false, block);
        });
    }

  private:
    void random_direction(const spar::Session &session, spar::Rows<float> d) const {
        for_rows(session.count(), [&](std::int64_t row) {
            spar::Random random = session.random(row);
            for (std::size_t i = 0; i < d[row].size(); ++i)
                d[row][i] = random.normal(static_cast<std::int64_t>(i));
        });
    }

    /// x_adv = x + xi d / |d|; |d| of every token, if each has a ball of its own.
    void look_along(const spar::Session &session, spar::Rows<float> d,
                    spar::Rows<float> x_adv) const {
        const spar::Ball ball = session.ball();
        for_rows(session.count(), [&](std::int64_t row) {
            session.clear_masked(row, d[row]);
            ball.for_each(d[row].size(), [&](std::size_t first, std::size_t count) {
                const std::span<const float> part = d[row].subspan(first, count);
                const double length = spar::norm_l2(part);
                const double scale = length > 0 ? *xi_ / length : 0;
                spar::array(x_adv[row].subspan(first, count)) =
                    (spar::doubles(session.x()[row].subspan(first, count)) +
                     scale * spar::doubles(part))
                        .cast<float>();
            });
        });
    }

    spar::Number weight_{this, "weight", "of the divergence", {.fallback = 1, .min = 0}};
    spar::Number xi_{this,
                     "xi",
                     "how far the power iteration looks; 0.1 for text. At the paper's 1e-6 the "
                     "gradient of the divergence is mostly rounding in float32",
                     {.fallback = 1e-2, .above = 0.0, .unit = "as x"}};
    spar::Integer iterations_{this, "iterations", "of the power method", {.fallback = 1, .min = 1}};
    spar::Child divergence_{this,
                            "divergence",
                            SPAR_KIND_LOSS,
                            "between perturbed outputs and clean ones",
                            {.fallback = R"({"type": "kl"})", .crafts = true}};
    spar::Pair pair_;
};

}  // namespace

SPAR_PLUGIN("vat", "1.0.0", Vat)
