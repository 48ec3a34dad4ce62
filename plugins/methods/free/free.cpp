#include "../common/example.hpp"

#include <spar/array.hpp>
#include <spar/kit/crafting.hpp>

namespace {

class Free final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "free",
        .summary =
            "Adversarial training for free: every batch is replayed m times, and one "
            "backward pass each time moves the weights and the perturbation, which goes on "
            "from batch to batch (of text it starts anew with each). Divide the number of epochs "
            "by m. It takes optimizer "
            "steps itself, so it cannot be inside another method.",
        .formula =
            "m times: (g_w, g_d) = grad l(f_w(clip(x + d)), y); d = clip(d + step eps "
            "sign(g_d), -eps, eps); optimizer step on g_w",
        .reference = "Shafahi et al. 2019, Adversarial training for free!, arXiv:1904.12843",
        .example = METHOD_EXAMPLE("linf", R"({"type":"free","replays":4})"),
    };

    spar::Fit fit() const override { return {.tokens = true}; }

    void gradients(const spar::Session &session) override {
        const spar::Rows<float> delta = session.points("delta", SPAR_TENSOR_SAVED);
        const spar::Rows<float> x_adv = session.points("x_adv"), g = session.points("gradient");
        // Positions of one text are unrelated to those of the previous one.
        const spar_space space = session.threat().space;
        if (space == SPAR_SPACE_EMBEDDING || space == SPAR_SPACE_SITE)
            std::ranges::fill(delta.flat(), 0.0F);
        for (std::int64_t replay = 0; replay < *replays_; ++replay) {
            if (replay > 0) session.optimizer_step();
            add_delta(session, delta, x_adv);
            loss_.pass(
                session,
                {.x = x_adv.data(), .weight = session.mean(), .dx = g.data(), .draw = replay});
            move_delta(session, g, delta);
        }
    }

  private:
    /// x_adv = clip(x + delta) to the box
    void add_delta(const spar::Session &session, spar::Rows<float> delta,
                   spar::Rows<float> x_adv) const {
        const spar::Ball ball = session.ball();
        for_rows(session.count(), [&](std::int64_t row) {
            session.clear_masked(row, delta[row]);
            spar::array(x_adv[row]) = spar::array(session.x()[row]) + spar::array(delta[row]);
            ball.clamp(x_adv[row]);
        });
    }

    /// The box limits the model's input, not delta.
    void move_delta(const spar::Session &session, spar::Rows<float> gradient,
                    spar::Rows<float> delta) {
        const spar::Ball box = session.ball(), ball = box.without_box();
        const auto step = static_cast<float>(*step_ * ball.eps);
        zero_.resize(static_cast<std::size_t>(session.size()));
        for_rows(session.count(), [&](std::int64_t row) {
            if (*stop_at_box_) {
                const auto moved = spar::array(session.x()[row]) + spar::array(delta[row]);
                auto g = spar::array(gradient[row]);
                g = (moved < box.lower || moved > box.upper).select(0.0F, g);
            }
            session.clear_masked(row, gradient[row]);
            ball.ascend(zero_, gradient[row], step, delta[row]);
        });
    }

    spar::Integer replays_{
        this, "replays", "how often each batch is used, m in the paper", {.fallback = 8, .min = 1}};
    spar::Number step_{this,
                       "step",
                       "length of a step of the perturbation, eps_s in the paper; a third does "
                       "better on MNIST",
                       {.fallback = 1, .above = 0.0, .unit = "eps"}};
    spar::Boolean stop_at_box_{this,
                               "stop_at_box",
                               "leave delta where it is wherever the input was clipped, as the "
                               "authors' program does, whose gradient is 0 there: black pixels "
                               "then stay black for good",
                               {.fallback = false}};
    spar::CraftingLoss loss_{this};
    std::vector<float> zero_;  // delta is not centred on a point
};

}  // namespace

SPAR_PLUGIN("free", "1.0.0", Free)
