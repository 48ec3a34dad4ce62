#include "../common/example.hpp"
#include "../common/stash.hpp"

#include <spar/kit/crafting.hpp>

namespace {

class Yopo final : public spar::Method {
  public:
    static constexpr spar::About about{
        .type = "yopo",
        .summary =
            "You only propagate once: m full passes, and between them n steps of the "
            "perturbation through the first stage of the model alone. The gradients of the "
            "m passes are added, not averaged: divide the learning rate by m.",
        .formula =
            "d ~ U(ball); m times: p = grad of l at the first stage's output f_0(x + d); n times: "
            "d = "
            "project(d + step sign(grad_d <p, f_0(x + d)>)); gradients of the later stages "
            "from the full pass, of the first from <p, f_0(x + d)>",
        .reference =
            "Zhang et al. 2019, You only propagate once: accelerating adversarial training "
            "via maximal principle, arXiv:1905.00877",
        .example = METHOD_EXAMPLE("linf",
                                  R"({"type":"yopo","passes":2,"inner_steps":3,"step_size":0.03})"),
    };

    spar::Fit fit() const override { return {.tokens = true}; }

    void prepare(const spar::Session &session) override {
        random_start(session, session.ball().without_box(), session.points("start"));
    }

    void gradients(const spar::Session &session) override {
        const spar::Rows<float> x_adv = session.points("x_adv");
        std::ranges::copy(session.points("start").flat(), x_adv.data());
        const spar::Ball ball = session.ball();
        const auto step = static_cast<float>(step_size_.value_or(ball.eps / 4));
        auto move = [&](std::int64_t first, std::int64_t count, float *x, const float *dx) {
            const spar::Rows<float> to(x, count, session.size());
            const spar::Rows<const float> gradient(dx, count, session.size());
            for (std::int64_t i = 0; i < count; ++i) {
                const std::int64_t row = first + i;
                static thread_local std::vector<float> g;  // at padding it counts as zero
                g.assign(gradient[i].begin(), gradient[i].end());
                session.clear_masked(row, g);
                ball.ascend(session.x()[row], g, step, to[i]);
            }
        };
        for (std::int64_t pass = 0; pass < *passes_; ++pass) {
            const spar::StageSteps steps{x_adv.data(), *inner_steps_, move, *double_count_};
            const std::int64_t draw = *same_masks_ ? 0 : pass;
            if (const spar_component_ref *other = loss_.of(session))
                step_by(session, *other, draw, steps);
            else
                session.pass({.weight = session.mean(), .draw = draw}, steps);
        }
    }

  private:
    /// Steps by the p of a loss other than the training loss, whose own p is then applied at the
    /// point reached.
    void step_by(const spar::Session &session, const spar_component_ref &other, std::int64_t draw,
                 spar::StageSteps steps) {
        const spar::Rows<float> x_adv = session.points("x_adv"), end = session.points("end");
        std::ranges::copy(x_adv.flat(), end.data());
        const bool both = std::exchange(steps.full_pass, false);
        steps.x = end.data();
        gradients_.take(session);
        buffers_.take(session);
        session.pass({.loss = &other, .draw = draw}, steps);
        session.zero_gradients();
        gradients_.add(session);
        buffers_.put_back(session);
        auto jump = [&](std::int64_t first, std::int64_t count, float *x, const float *) {
            std::copy_n(end[first].data(), count * session.size(), x);
        };
        session.pass({.weight = session.mean(), .draw = draw}, {x_adv.data(), 1, jump, both});
    }

    spar::Integer passes_{this, "passes", "full passes, m in the paper", {.fallback = 5, .min = 1}};
    spar::Integer inner_steps_{this,
                               "inner_steps",
                               "steps through the first stage after each pass, n in the paper; "
                               "more than one tell something new only where that stage is not "
                               "linear",
                               {.fallback = 3, .min = 1}};
    spar::Number step_size_{this,
                            "step_size",
                            "length of an inner step, sigma in the paper; left out: eps / 4, as "
                            "for CIFAR-10 (0.01 at eps 0.3 for MNIST)",
                            {.above = 0.0, .unit = "as eps", .optional = true}};
    spar::Boolean double_count_{this,
                                "double_count",
                                "count the first stage's gradient from the full pass as well, as "
                                "the authors' program does by mistake",
                                {.fallback = false}};
    spar::Boolean same_masks_{this,
                              "same_masks",
                              "all passes drop the same values (dropout), as FreeLB's authors do "
                              "in their YOPO for text; otherwise each pass draws anew. The steps "
                              "after a pass always use its masks",
                              {.fallback = false}};
    spar::CraftingLoss loss_{this};
    Stash gradients_;
    Buffers buffers_;
};

}  // namespace

SPAR_PLUGIN("yopo", "1.0.0", Yopo)
