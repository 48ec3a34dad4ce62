#include "../common/example.hpp"

#include <spar/kit/crafting.hpp>
#include <spar/kit/pair.hpp>

namespace {

class FgsmAt final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "fgsm_at",
        .summary =
            "Adversarial training on one step from a random start (fast adversarial "
            "training). Watch the robust accuracy on validation examples: long training "
            "may lose all of it at once.",
        .formula =
            "d ~ U(ball), d = project(d + step eps sign(grad_x l(f_w(x + d), y))), min_w "
            "mean_i l(f_w(x_i + d_i), y_i)",
        .reference =
            "Wong, Rice, Kolter 2020, Fast is better than free: revisiting adversarial "
            "training, arXiv:2001.03994",
        .example = METHOD_EXAMPLE("linf", R"({"type":"fgsm_at"})"),
        .version_1 = R"({"mode": "\"eval\""})",
    };

    spar::Fit fit() const override { return {.tokens = true}; }

    void prepare(const spar::Session &session) override {
        const spar::Rows<float> x_adv = session.points("x_adv"), g = session.points("gradient");
        const spar::Ball ball = session.ball();
        if (*random_start_)
            random_start(session, *clamp_start_ ? ball : ball.without_box(), x_adv);
        else
            start_at_x(session, x_adv);
        loss_.gradient(session, {.x = x_adv.data(), .wants = SPAR_WANT_COARSE, .mode = *mode_},
                       g.data());
        ascend(session, g, *step_ * session.threat().eps, x_adv);
    }

    void gradients(const spar::Session &session) override {
        pair_.train_at(session, session.points("x_adv").data());
    }

  private:
    spar::Boolean random_start_{this,
                                "random_start",
                                "begin uniformly in the ball; without it, training at larger eps "
                                "soon fails",
                                {.fallback = true}};
    spar::Boolean clamp_start_{this,
                               "clamp_start",
                               "keep the random start in the box of valid values too, as the "
                               "authors' program does for CIFAR-10; the paper, and the program for "
                               "MNIST, do not",
                               {.fallback = false}};
    spar::Number step_{
        this, "step", "length of the step", {.fallback = 1.25, .above = 0.0, .unit = "eps"}};
    spar::CraftingLoss loss_{this};
    spar::CraftingMode mode_{this, "train"};
    spar::Pair pair_;
};

}  // namespace

SPAR_PLUGIN("fgsm_at", "1.0.0", FgsmAt)
