// The search for the perturbation that changes the outputs most, shared by SMART and ALUM.
#pragma once

#include "step.hpp"

#include <spar/array.hpp>
#include <spar/kit/pair.hpp>

/// A method that adds a divergence D between perturbed and clean outputs, at a perturbation found
/// by gradient steps.
class Smoothness : public spar::Method {
  protected:
    /// x_adv = x + N(0, noise^2), then `steps` times a step of `step_size` along g / |g| with g =
    /// grad D, zero at padding, and back within `limit`. Leaves the clean outputs in pair_.
    spar::Rows<float> climb(const spar::Session &session) {
        const spar::Ball ball = session.ball();
        const double length = step_size_.value_or(100 * session.threat().eps);
        const float *clean = pair_.clean(session);
        const spar::Rows<float> x_adv = session.points("x_adv"), g = session.points("gradient");
        noisy_start(session, noise_.value_or(session.threat().eps), x_adv);
        for (std::int64_t step = 0; step < *steps_; ++step) {
            session.pass({.x = x_adv.data(),
                          .wants = SPAR_WANT_INPUT_GRADIENT,
                          .loss = divergence_.ref(),
                          .reference = clean,
                          .dx = g.data()});
            for_rows(session.count(), [&](std::int64_t row) {
                session.clear_masked(row, g[row]);
                add_step(ball, g[row], length, *normalize_, x_adv[row]);
                if (limit_.is("project"))
                    ball.project(session.x()[row], x_adv[row]);
                else
                    scale_tokens(session, row, x_adv[row]);
            });
        }
        return x_adv;
    }

    /// The released programs' adv_project: the perturbation of every position is divided by its
    /// largest value.
    static void scale_tokens(const spar::Session &session, std::int64_t row,
                             std::span<float> x_adv) {
        const spar_session &s = session.raw();
        const auto width = static_cast<std::size_t>(s.shape[s.rank - 1]);
        for (std::size_t first = 0; first < x_adv.size(); first += width) {
            const auto there = spar::doubles(x_adv.subspan(first, width));
            const auto x = spar::doubles(session.x()[row].subspan(first, width));
            const double largest = spar::max_of(width, [&](std::size_t i) {
                return std::fabs((there - x).coeff(static_cast<Eigen::Index>(i)));
            });
            spar::array(x_adv.subspan(first, width)) =
                (x + (there - x) / (largest + 1e-6)).cast<float>();
        }
    }

    spar::Number noise_{this,
                        "noise",
                        "standard deviation of the start, sigma; left out: eps (both are 1e-5 in "
                        "the papers)",
                        {.min = 0, .unit = "as eps", .optional = true}};
    spar::Integer steps_{this, "steps", "ascent steps, K", {.fallback = 1, .min = 0}};
    spar::Number step_size_{this,
                            "step_size",
                            "length of a step, eta; left out: 100 eps (1e-3 in the papers), so "
                            "that it leads to the edge of the ball",
                            {.min = 0, .unit = "as eps", .optional = true}};
    spar::Boolean normalize_{
        this,
        "normalize",
        "divide the gradient by its length in the threat's norm; where that is not done, it is as "
        "small as the noise that it is taken at, and moves next to nothing",
        {.fallback = true}};
    spar::Choice limit_{this,
                        "limit",
                        "how the perturbation is limited: projected into the threat model; or "
                        "per_token, as in the released programs (which do not normalize): every "
                        "position divided by its largest value, which makes it 1 and not eps",
                        {"project", "per_token"},
                        {.fallback = "project"}};
    spar::Child divergence_{
        this,
        "divergence",
        SPAR_KIND_LOSS,
        "between perturbed outputs and clean ones",
        {.fallback = R"({"type": "kl", "direction": "symmetric"})", .crafts = true}};
    spar::Pair pair_;
};
