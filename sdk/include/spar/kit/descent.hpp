// Gradient ascent inside the threat model, shared by the attacks that add only a few lines: fgsm,
// fgm, bim, pgd, mi_fgsm, ni_fgsm, gradient_ascent. An attack defines how a point moves.
#pragma once

#include <spar/kit/points.hpp>

namespace SPAR_HIDDEN spar {

/// How one run of gradient ascent goes.
struct DescentRule {
    std::int64_t steps = 1;
    float step = 0;
    bool random_start = false;  /// uniform in the ball
    double start_noise = 0;     /// if above 0: normal noise of this standard deviation instead
    std::int64_t restarts = 1;
    bool keep_best = false;   /// an iterate that fools, then the one of highest loss; otherwise the
                              /// last
    bool stop_early = false;  /// a fooled example costs no more queries
    const spar_component_ref *loss = nullptr;  /// null: the pipeline's
};

/// Base of the attacks that follow the gradient for some steps. It keeps restarts, early stopping
/// and the best iterate; the derived class says how far (rule) and, unless it takes the steepest
/// step, how a point moves (move). See plugins/attacks/pgd/pgd.cpp:
///
///     spar::DescentRule rule(const spar::AttackBatch &batch) const override {
///         return fields_.rule(batch.threat().eps / 4);  // fields_: spar::DescentFields
///     }
class Descent : public Attack {
  public:
    void perturb(const Oracle &oracle, const AttackBatch &batch) override;

  protected:
    /// One point on its way. `memory` belongs to the point, is zero at the start, and is empty
    /// unless remembers().
    struct Place {
        const Ball &ball;
        std::span<const float> center, gradient;
        float step;
        std::span<float> memory, x;
        std::size_t values;  /// of the example, without padding
    };

    virtual DescentRule rule(const AttackBatch &batch) const = 0;
    virtual void move(const Place &p) const { p.ball.ascend(p.center, p.gradient, p.step, p.x); }
    virtual bool remembers() const { return false; }
    /// Fills the point at which the gradient is taken, if that is not x.
    virtual bool looks_ahead() const { return false; }
    virtual void look_ahead(std::span<const float>, std::span<const float>, float,
                            std::span<float>) const {}

  private:
    struct Best {
        bool fooled = false;
        float loss = -std::numeric_limits<float>::infinity();
    };

    void start(const AttackBatch &batch, const DescentRule &rule);
    void ask(const Oracle &oracle, const DescentRule &rule, bool gradient, bool judge);
    void record(const AttackBatch &batch, const DescentRule &rule, bool last);
    void advance(const AttackBatch &batch, const DescentRule &rule);

    Points points_;
    Matrix x_, memory_, ahead_;
    std::vector<Best> best_;
    std::vector<std::int64_t> winner_;  // per example: the answer of this query to keep, or -1
    std::vector<char> done_;            // per example
};

inline void Descent::perturb(const Oracle &oracle, const AttackBatch &batch) {
    const DescentRule rule = this->rule(batch);
    const bool judge = rule.keep_best || rule.stop_early || rule.restarts > 1;
    start(batch, rule);
    for (std::int64_t step = 0; step < rule.steps && points_.live_count() > 0; ++step) {
        // The point ahead is only evaluated, and may lie outside.
        ask(oracle, rule, true, judge && !looks_ahead());
        if (judge && !looks_ahead()) record(batch, rule, false);
        advance(batch, rule);
    }
    if (!judge) {
        for_rows(batch.count(), [&](std::int64_t row) { copy_row(x_[row], batch.x_adv()[row]); });
    } else if (points_.live_count() > 0) {
        ask(oracle, rule, false, true);
        record(batch, rule, true);
    }
}

inline void Descent::start(const AttackBatch &batch, const DescentRule &rule) {
    points_.begin(batch, rule.restarts);
    best_.assign(static_cast<std::size_t>(batch.count()), {});
    done_.assign(best_.size(), 0);
    x_.resize(points_.total(), batch.size());
    if (remembers()) memory_.resize(points_.total(), batch.size());
    for_rows(points_.total(), [&](std::int64_t point) {
        const std::int64_t row = points_.row(point);
        if (rule.random_start) {
            const auto draw = static_cast<std::uint32_t>(points_.copy(point));
            Random random = batch.random(row, draw);
            if (rule.start_noise > 0)
                batch.ball().noisy_point(batch.x()[row], random, rule.start_noise, x_[point]);
            else
                batch.random_point(row, batch.ball(), random, x_[point]);
            batch.hold_masked(row, x_[point]);
        } else {
            copy_row(batch.x()[row], x_[point]);
        }
        if (remembers()) std::fill_n(memory_[point].data(), memory_[point].size(), 0.0F);
    });
    if (!rule.stop_early || !batch.outputs()) return;
    points_.drop([&](std::int64_t point) {
        return batch.success(points_.row(point), batch.outputs()[points_.row(point)]);
    });
}

inline void Descent::ask(const Oracle &oracle, const DescentRule &rule, bool gradient, bool judge) {
    const Matrix *where = &x_;
    if (gradient && looks_ahead()) {
        ahead_.resize(x_.count(), x_.width());
        for_rows(points_.live_count(), [&](std::int64_t k) {
            const std::int64_t point = points_.live()[static_cast<std::size_t>(k)];
            look_ahead(x_[point], memory_[point], rule.step, ahead_[point]);
        });
        where = &ahead_;
    }
    points_.ask(oracle, *where,
                {.gradient = gradient, .outputs = judge, .loss_values = judge, .loss = rule.loss});
}

/// Keeps what is better than everything before; among equals, the first.
inline void Descent::record(const AttackBatch &batch, const DescentRule &rule, bool last) {
    winner_.assign(best_.size(), -1);
    for (std::int64_t k = 0; k < points_.live_count(); ++k) {
        const std::int64_t row = points_.row(points_.live()[static_cast<std::size_t>(k)]);
        const auto at = static_cast<std::size_t>(row);
        const Best now{batch.success(row, points_.outputs[k]),
                       points_.losses[static_cast<std::size_t>(k)]};
        if (rule.stop_early && now.fooled) done_[at] = 1;
        if (!rule.keep_best && !last && done_[at] == 0) continue;
        Best &best = best_[at];
        if (now.fooled < best.fooled || (now.fooled == best.fooled && !(now.loss > best.loss)))
            continue;
        best = now;
        winner_[at] = points_.live()[static_cast<std::size_t>(k)];
    }
    for_rows(batch.count(), [&](std::int64_t row) {
        const std::int64_t point = winner_[static_cast<std::size_t>(row)];
        if (point >= 0) copy_row(x_[point], batch.x_adv()[row]);
    });
}

inline void Descent::advance(const AttackBatch &batch, const DescentRule &rule) {
    const Ball ball = batch.ball();
    for_rows(points_.live_count(), [&](std::int64_t k) {
        const std::int64_t point = points_.live()[static_cast<std::size_t>(k)];
        const std::int64_t row = points_.row(point);
        if (done_[static_cast<std::size_t>(row)] != 0) return;
        batch.clear_masked(row, points_.gradient[k]);
        move({ball, batch.x()[row], points_.gradient[k], rule.step,
              remembers() ? memory_[point] : std::span<float>(), x_[point], batch.unpadded(row)});
    });
    if (rule.stop_early)
        points_.drop([&](std::int64_t point) {
            return done_[static_cast<std::size_t>(points_.row(point))] != 0;
        });
}

/// memory = decay memory + unit gradient / ||gradient||_1: the momentum of mi_fgsm.
inline void accumulate(double decay, std::span<const float> gradient, std::span<float> memory,
                       double unit = 1) {
    const double length = norm_l1(gradient);
    const double scale = length > 0 && std::isfinite(length) ? unit / length : 0;
    for (std::size_t i = 0; i < memory.size(); ++i)
        memory[i] = static_cast<float>(decay * memory[i] + (scale > 0 ? scale * gradient[i] : 0));
}

/// x += step gradient / length; unchanged if the length is zero or not finite.
inline void step_along(std::span<const float> gradient, double length, float step,
                       std::span<float> x) {
    if (!(length > 0) || !std::isfinite(length)) return;
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] += static_cast<float>(step / length * gradient[i]);
}

/// Parameters that the iterated attacks share.
struct DescentFields {
    DescentFields(Record *owner, std::int64_t default_steps, const std::string &default_step)
        : steps(owner, "steps", "gradient steps", {.fallback = default_steps, .min = 1}),
          step_size(owner, "step_size",
                    "length of a step in the threat's norm; left out: " + default_step,
                    {.above = 0.0, .unit = "as eps", .optional = true}),
          loss(owner, "loss", SPAR_KIND_LOSS, "what to make grow; left out: the pipeline's loss",
               {.optional = true}) {}

    DescentRule rule(double default_step) const {
        DescentRule rule;
        rule.steps = *steps;
        rule.step = static_cast<float>(step_size.value_or(default_step));
        rule.loss = loss.ref();
        return rule;
    }

    Integer steps;
    Number step_size;
    Child loss;
};

/// Parameters that choose the iterate an attack proposes, and when it stops asking.
struct KeepFields {
    explicit KeepFields(Record *owner)
        : keep(owner, "keep",
               "which iterate counts: the best (one that fools, of those the one of highest loss) "
               "at the cost of one more forward pass, or the last; auto: the best when evaluating, "
               "the last when training",
               {"auto", "best", "last"}, {.fallback = "auto"}),
          stop_early(owner, "stop_early",
                     "whether an example that is fooled costs no more queries; auto: when "
                     "evaluating",
                     {"auto", "yes", "no"}, {.fallback = "auto"}) {}

    void apply(const AttackBatch &batch, DescentRule &rule) const {
        rule.keep_best = keep.is("auto") ? !batch.training() : keep.is("best");
        rule.stop_early = stop_early.is("auto") ? !batch.training() : stop_early.is("yes");
    }

    Choice keep, stop_early;
};

}  // namespace spar
