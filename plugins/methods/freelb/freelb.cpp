#include "../common/example.hpp"

#include <spar/method.hpp>

namespace {

class FreeLb final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "freelb",
        .summary =
            "Free large-batch adversarial training: the average of the gradients along an "
            "ascent path, whose every pass moves the perturbation too. Made for an l2 "
            "threat on embeddings.",
        .formula =
            "d_0 = U(-init, init) / sqrt(N), N values an example; for t = 1..K: g += 1/K "
            "grad_w l(f_w(x + d_{t-1}), y), d_t = project(d_{t-1} + step u(grad_d l)), u "
            "the steepest direction (l2: the gradient over its norm)",
        .reference =
            "Zhu et al. 2020, FreeLB: enhanced adversarial training for natural language "
            "understanding, arXiv:1909.11764",
        .example = METHOD_EXAMPLE("l2", R"({"type":"freelb"})"),
    };

    void prepare(const spar::Session &session) override {
        const spar::Ball ball = session.ball();
        const spar::Rows<float> start = session.points("start");
        for_rows(session.count(), [&](std::int64_t row) {
            spar::Random random = session.random(row);
            std::int64_t masked = 0;
            session.for_masked(row, [&](std::size_t) { ++masked; });
            const double values = static_cast<double>(session.size() - masked);
            const auto reach =
                static_cast<float>(init_.value_or(ball.eps) / std::sqrt(std::max(values, 1.0)));
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
            const bool last = pass == *steps_;
            session.pass(
                {.x = x_adv.data(),
                 .wants = SPAR_WANT_PARAMETER_GRADIENTS | (last ? 0U : SPAR_WANT_INPUT_GRADIENT),
                 .weight = session.mean() / static_cast<double>(*steps_),
                 .dx = last ? nullptr : g.data()});
            if (!last) ascend(session, g, step, x_adv);
        }
    }

  private:
    spar::Integer steps_{this,
                         "steps",
                         "passes, K in the paper; all with the same dropout masks",
                         {.fallback = 3, .min = 1}};
    spar::Number step_size_{this,
                            "step_size",
                            "length of a step; left out: eps / 2",
                            {.min = 0, .unit = "as eps", .optional = true}};
    spar::Number init_{this,
                       "init",
                       "length of the random start: each value is uniform within init / sqrt(N); "
                       "left out: eps",
                       {.min = 0, .unit = "as eps", .optional = true}};
};

}  // namespace

SPAR_PLUGIN("freelb", "1.0.0", FreeLb)
