// The search for the perturbation that changes the outputs most: what SMART and ALUM have in
// common.
#pragma once

#include <spar/pair.hpp>

/// A method that adds a divergence D between perturbed outputs and clean ones, at a perturbation
/// that raw gradient steps make.
class Smoothness : public spar::Method {
  protected:
    /// x_adv = x + N(0, noise^2), then `steps` times move(row, x, g, x_adv) with g = grad D, zero
    /// at padding. The clean outputs are in pair_ then.
    template <class Move>
    spar::Rows<float> climb(const spar::Session &session, Move &&move) {
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
                move(row, g[row], x_adv[row]);
            });
        }
        return x_adv;
    }

    /// x_adv += step g / length; nothing where there is no length to divide by.
    static void add_step(std::span<const float> g, double step, double length,
                         std::span<float> x_adv) {
        const double scale = length > 0 && std::isfinite(length) ? step / length : 0;
        for (std::size_t i = 0; i < g.size(); ++i)
            x_adv[i] = static_cast<float>(x_adv[i] + scale * g[i]);
    }

    spar::Number noise_{this,
                        "noise",
                        "standard deviation of the start, sigma; left out: eps (both are 1e-5 in "
                        "the papers)",
                        {.min = 0, .unit = "as eps", .optional = true}};
    spar::Integer steps_{this, "steps", "ascent steps, K", {.fallback = 1, .min = 0}};
    spar::Child divergence_{this,
                            "divergence",
                            SPAR_KIND_LOSS,
                            "between perturbed outputs and clean ones",
                            {.fallback = R"({"type": "kl", "direction": "symmetric"})"}};
    spar::Pair pair_;
};
