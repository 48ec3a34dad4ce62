#include "../common/example.hpp"

#include <spar/array.hpp>
#include <spar/kit/crafting.hpp>
#include <spar/kit/pair.hpp>

namespace {

class NFgsm final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "n_fgsm",
        .summary =
            "Adversarial training on one step from noise larger than the ball, and no "
            "projection to the ball afterwards.",
        .formula =
            "n ~ U(-noise eps, noise eps), d = n + step eps sign(grad_x l(f_w(x + n), y)), "
            "min_w mean_i l(f_w(x_i + d_i), y_i)",
        .reference =
            "de Jorge et al. 2022, Make some noise: reliable and efficient single-step "
            "adversarial training, arXiv:2202.01181",
        .example = METHOD_EXAMPLE("linf", R"({"type":"n_fgsm"})"),
        .version_1 = R"({"mode": "\"eval\""})",
    };

    void prepare(const spar::Session &session) override {
        const spar::Rows<float> x_adv = session.points("x_adv"), g = session.points("gradient");
        const spar::Ball ball = session.ball();
        const auto reach = static_cast<float>(*noise_ * ball.eps);
        const auto step = static_cast<float>(*step_ * ball.eps);
        for_rows(session.count(), [&](std::int64_t row) {
            spar::Random random = session.random(row);
            for (std::size_t i = 0; i < x_adv[row].size(); ++i)
                x_adv[row][i] = session.x()[row][i] +
                                random.uniform(static_cast<std::int64_t>(i), -reach, reach);
            finish(session, ball, row, x_adv[row]);
        });
        loss_.gradient(session, {.x = x_adv.data(), .wants = SPAR_WANT_COARSE, .mode = *mode_},
                       g.data());
        for_rows(session.count(), [&](std::int64_t row) {
            ball.steepest(g[row], g[row]);
            spar::array(x_adv[row]) += step * spar::array(g[row]);
            finish(session, ball, row, x_adv[row]);
        });
    }

    void gradients(const spar::Session &session) override {
        pair_.train_at(session, session.points("x_adv").data());
    }

  private:
    void finish(const spar::Session &session, const spar::Ball &ball, std::int64_t row,
                std::span<float> x_adv) const {
        if (*clamp_) ball.clamp(x_adv);
        session.hold_masked(row, x_adv);
    }

    spar::Number noise_{this,
                        "noise",
                        "how far the noise goes, each way",
                        {.fallback = 2, .min = 0, .unit = "eps"}};
    spar::Number step_{
        this, "step", "length of the step", {.fallback = 1, .above = 0.0, .unit = "eps"}};
    spar::Boolean clamp_{this,
                         "clamp",
                         "keep the examples in the box of valid values, as the authors' program "
                         "does and the paper does not",
                         {.fallback = false}};
    spar::CraftingLoss loss_{this};
    spar::CraftingMode mode_{this, "train"};
    spar::Pair pair_;
};

}  // namespace

SPAR_PLUGIN("n_fgsm", "1.0.0", NFgsm)
