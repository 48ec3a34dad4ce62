#include "../common/example.hpp"
#include "../common/step.hpp"

#include <spar/kit/crafting.hpp>

namespace {

class FreeLb final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "freelb",
        .summary =
            "Free large-batch adversarial training: the average of the gradients along an "
            "ascent path, whose every pass moves the perturbation too. Made for an l2 "
            "threat on embeddings; under linf it is what the authors' program does, which the "
            "paper does not say.",
        .formula =
            "d_0 = U(-init, init) / sqrt(N), N values per example (linf: U(-init, init)); for t = "
            "1..K: g_w += 1/K grad_w l(f_w(x + d_{t-1}), y), d_t = project(d_{t-1} + step g / "
            "|g|), g = grad_d l, |g| its norm over the whole example (l1: a step in the steepest "
            "direction)",
        .reference =
            "Zhu et al. 2020, FreeLB: enhanced adversarial training for natural language "
            "understanding, arXiv:1909.11764",
        .example = METHOD_EXAMPLE("l2", R"({"type":"freelb"})"),
    };

    spar::Fit fit() const override { return {.tokens = true}; }

    void prepare(const spar::Session &session) override {
        const spar::Ball ball = session.ball();
        const spar::Rows<float> start = session.points("start");
        for_rows(session.count(), [&](std::int64_t row) {
            spar::Random random = session.random(row);
            const auto reach = static_cast<float>(init_.value_or(ball.eps) / spread(session, row));
            for (std::size_t i = 0; i < start[row].size(); ++i)
                start[row][i] = session.x()[row][i] +
                                random.uniform(static_cast<std::int64_t>(i), -reach, reach);
            session.hold_masked(row, start[row]);
            ball.project(session.x()[row], start[row]);
        });
    }

    void gradients(const spar::Session &session) override {
        const spar::Rows<float> x_adv = session.points("x_adv"), g = session.points("gradient");
        std::ranges::copy(session.points("start").flat(), x_adv.data());
        const double step = step_size_.value_or(session.threat().eps / 2);
        for (std::int64_t pass = 1; pass <= *steps_; ++pass) {
            const double weight = session.mean() / static_cast<double>(*steps_);
            const std::int64_t draw = *same_masks_ ? 0 : pass - 1;
            if (pass == *steps_)
                return session.pass({.x = x_adv.data(), .weight = weight, .draw = draw});
            loss_.pass(session,
                       {.x = x_adv.data(), .weight = weight, .dx = g.data(), .draw = draw});
            climb(session, g, step, x_adv);
        }
    }

  private:
    /// The divisor of init: the length of U(-1, 1)^N grows with N, its largest value does not. N is
    /// the number of values in a ball.
    static double spread(const spar::Session &session, std::int64_t row) {
        if (session.threat().norm == SPAR_NORM_LINF) return 1;
        if (const std::size_t token = session.ball().token; token > 0)
            return std::sqrt(static_cast<double>(token));
        std::int64_t values = session.size();
        session.for_masked(row, [&](std::size_t) { --values; });
        return std::sqrt(static_cast<double>(std::max<std::int64_t>(values, 1)));
    }

    void climb(const spar::Session &session, spar::Rows<float> g, double step,
               spar::Rows<float> x_adv) const {
        const spar::Ball ball = session.ball();
        if (ball.norm != SPAR_NORM_LINF) return ascend(session, g, step, x_adv);
        for_rows(session.count(), [&](std::int64_t row) {
            session.clear_masked(row, g[row]);
            add_step(ball, g[row], step, true, x_adv[row]);
            ball.project(session.x()[row], x_adv[row]);
        });
    }

    spar::Integer steps_{this, "steps", "passes, K in the paper", {.fallback = 3, .min = 1}};
    spar::Number step_size_{this,
                            "step_size",
                            "length of a step; left out: eps / 2",
                            {.min = 0, .unit = "as eps", .optional = true}};
    spar::Number init_{this,
                       "init",
                       "length of the random start: each value is uniform within init / sqrt(N), "
                       "under linf within init; left out: eps",
                       {.min = 0, .unit = "as eps", .optional = true}};
    spar::Boolean same_masks_{this,
                              "same_masks",
                              "all passes drop the same values (dropout), as the authors' program "
                              "for ALBERT does; otherwise each pass draws anew",
                              {.fallback = true}};
    spar::CraftingLoss loss_{this};
};

}  // namespace

SPAR_PLUGIN("freelb", "1.0.0", FreeLb)
