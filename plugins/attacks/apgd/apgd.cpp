#include "aims.hpp"
#include "sparse.hpp"
#include "windows.hpp"

#include <spar/array.hpp>
#include <spar/kit/dlr.hpp>
#include <spar/kit/points.hpp>

namespace {

class Apgd : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "apgd",
        .summary =
            "Auto-PGD: momentum, and a step size that halves itself where progress stops; under "
            "l1, sparse steps in balls that shrink to the threat's. With targets: APGD-T, the "
            "targeted difference of logits ratio for each of them.",
        .formula =
            "linf, l2: z = P(x_k + s u(grad)); x_{k+1} = P(x_k + 0.75 (z - x_k) + 0.25 (x_k - "
            "x_{k-1})); s starts at 2 eps; at a checkpoint s halves and x returns to the best "
            "point if fewer than 75 % of the steps raised the loss, or if neither s nor the "
            "best loss changed since the last one. l1, in balls of 3, 2 and 1 eps for 30, 30 and "
            "40 % of the steps: x_{k+1} = P(x_k + s sign(grad_k) / k) for the k largest entries; "
            "s starts at the ball's radius, k at two thirds of the entries that differ from x "
            "(20 % of all without the larger balls, 5 % when training); every 4 % of the steps k "
            "becomes two thirds of the entries in which the best point differs from x; where "
            "these became 5 % fewer, x returns to the best point and s to the radius, else s "
            "shrinks by 1.5, down to a tenth of it",
        .reference =
            "Croce and Hein 2020, Reliable evaluation of adversarial robustness with an "
            "ensemble of diverse parameter-free attacks (the authors' program halves at exactly "
            "75 % too); l1: Croce and Hein 2021, Mind the box: l1-APGD for sparse adversarial "
            "attacks on image classifiers",
        .example = R"({"version":2,"name":"apgd","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"apgd","steps":10},{"type":"apgd","steps":10,"targets":3}]}})",
    };

    spar::Integer steps{this, "steps", "gradient steps", {.fallback = 100, .min = 1}};
    spar::Integer restarts{
        this, "restarts", "runs from different random starts", {.fallback = 1, .min = 1}};
    spar::Child loss{
        this,
        "loss",
        SPAR_KIND_LOSS,
        "what to make grow (cross_entropy, dlr, margin); left out: the pipeline's loss",
        {.optional = true, .unless = "targets"}};
    spar::Integer targets{
        this,
        "targets",
        "0: the loss. Otherwise the targeted difference of logits ratio, for that many "
        "of the classes most likely at x",
        {.fallback = 0, .min = 0, .max = 1000}};
    spar::Choice larger_radii{
        this,
        "larger_radii",
        "l1: whether a run passes through balls of 3 and 2 times eps; auto: when evaluating",
        {"auto", "yes", "no"},
        {.fallback = "auto"}};

    void configure() override {
        if (*targets > 0 && loss.given())
            throw spar::invalid(
                "with targets, apgd uses the targeted difference of logits ratio: "
                "leave out loss, or set targets to 0",
                "/loss");
    }

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        const bool l1 = batch.ball().norm == SPAR_NORM_L1;
        if (!l1 && larger_radii.is("yes"))
            throw spar::invalid(
                "larger radii belong to apgd under l1, and the threat has another norm: leave "
                "larger_radii out",
                "/larger_radii");
        aims_.choose(oracle, batch, *targets);
        forget(batch, l1);
        // In the larger balls nothing is found that would save other runs queries, so under l1 runs
        // follow one another, each on the examples that withstood those before.
        const std::int64_t runs = aims_.count() * *restarts, together = l1 ? 1 : runs;
        for (first_run_ = 0; first_run_ < runs; first_run_ += together) {
            points_.begin(batch, together);
            drop_fooled();
            if (points_.live_count() == 0) return;
            start(batch);
            l1 ? climb_sparsely(oracle, batch) : climb(oracle, batch);
            propose(batch);
        }
    }

  private:
    std::int64_t run(std::int64_t point) const { return first_run_ + points_.copy(point); }
    apgd::Progress &progress(std::int64_t point) {
        return progress_[static_cast<std::size_t>(point)];
    }
    char &fooled(std::int64_t row) { return fooled_[static_cast<std::size_t>(row)]; }
    std::int64_t live(std::int64_t k) const { return points_.live()[static_cast<std::size_t>(k)]; }

    void forget(const spar::AttackBatch &batch, bool l1) {
        fooled_.assign(static_cast<std::size_t>(batch.count()), 0);
        highest_.assign(static_cast<std::size_t>(batch.count()), 0);
        // Under l1 it would take most of the steps to notice that an example is wrong at x already.
        if (!l1 || batch.training() || !batch.outputs()) return;
        for (std::int64_t row = 0; row < batch.count(); ++row)
            if (batch.success(row, batch.outputs()[row])) fooled(row) = 1;
    }

    void drop_fooled() {
        points_.drop([&](std::int64_t point) { return fooled(points_.row(point)) != 0; });
    }

    /// Every run has its own start. linf, l2: a point on the surface of the ball; l1: normal noise
    /// as wide as the box, to be projected onto the first ball.
    void start(const spar::AttackBatch &batch) {
        const spar::Ball ball = batch.ball();
        const float box = ball.upper - ball.lower;
        for (spar::Matrix *m : {&x_, &before_, &best_, &best_gradient_, &gradient_, &ahead_})
            m->resize(points_.total(), batch.size());
        for_rows(points_.live_count(), [&](std::int64_t k) {
            const std::int64_t point = live(k), row = points_.row(point);
            spar::Random random = batch.random(row, static_cast<std::uint32_t>(run(point)));
            spar::copy_row(batch.x()[row], x_[point]);
            const std::size_t some = batch.unpadded(row);
            const auto center = batch.x()[row].first(some);
            const auto x = x_[point].first(some);
            const bool cube = ball.norm == SPAR_NORM_LINF;
            for (std::int64_t i = 0; i < std::ssize(x); ++i)
                x[std::size_t(i)] = cube ? random.uniform(i, -1, 1) : random.normal(i);
            const double length = cube ? spar::norm_linf(x) : spar::norm_l2(x);
            const double wide = std::isfinite(box) ? box : 1, room = ball.eps / (length + 1e-12);
            const double scale = ball.norm != SPAR_NORM_L1 ? room : wide;
            spar::array(x) = (spar::doubles(center) + scale * spar::doubles(x)).cast<float>();
            if (ball.norm != SPAR_NORM_L1) ball.project(center, x);
            batch.hold_masked(row, x_[point]);
        });
    }

    /// Croce and Hein 2020.
    void climb(const spar::Oracle &oracle, const spar::AttackBatch &batch) {
        const spar::Ball ball = batch.ball();
        progress_.assign(static_cast<std::size_t>(points_.total()), {.step = 2.0 * ball.eps});
        ascend(
            oracle, batch, *steps, apgd::Windows::shrinking(*steps), true,
            [](apgd::Progress &p, std::int64_t, std::int64_t window) {
                return apgd::halves(p, window);
            },
            [&](std::int64_t point, bool first) {
                apgd::momentum_step(ball, batch.x()[points_.row(point)], gradient_[point],
                                    progress(point).step, first, before_[point], ahead_[point],
                                    x_[point]);
            });
    }

    /// Croce and Hein 2021: starts again in every ball, from the best point of the larger one.
    void climb_sparsely(const spar::Oracle &oracle, const spar::AttackBatch &batch) {
        const bool larger = larger_radii.is("auto") ? !batch.training() : larger_radii.is("yes");
        const std::int64_t size = batch.size();
        for (const apgd::Stage stage : apgd::stages(*steps, larger)) {
            if (stage.steps == 0) continue;
            spar::Ball ball = batch.ball();
            ball.eps *= stage.factor;
            progress_.assign(static_cast<std::size_t>(points_.total()), {.step = ball.eps});
            for_rows(points_.live_count(), [&](std::int64_t k) {
                const std::int64_t point = live(k);
                const auto center = batch.x()[points_.row(point)];
                ball.project(center, x_[point]);
                apgd::Progress &p = progress(point);
                p.differing = larger ? apgd::count_differing(center, x_[point]) : size;
                p.moving = apgd::moving(larger             ? apgd::adapted(p.differing, size)
                                        : batch.training() ? 0.05F
                                                           : 0.2F,
                                        size);
            });
            ascend(
                oracle, batch, stage.steps, apgd::Windows::even(stage.steps), stage.factor == 1,
                [&](apgd::Progress &p, std::int64_t point, std::int64_t) {
                    const auto center = batch.x()[points_.row(point)];
                    return apgd::sparser(p, apgd::count_differing(center, best_[point]), size,
                                         ball.eps);
                },
                [&](std::int64_t point, bool) {
                    const apgd::Progress &p = progress(point);
                    apgd::sparse_step(ball, batch.x()[points_.row(point)], gradient_[point],
                                      p.moving, p.step, x_[point]);
                });
            for_rows(points_.live_count(), [&](std::int64_t k) {
                std::ranges::copy(best_[live(k)], x_[live(k)].begin());
            });
        }
    }

    /// Takes `count` steps with all live points. look_back(progress, point, window) decides after a
    /// window whether the point returns to its best one; move(point, first) takes a step. An
    /// example can be `fooled` only while points are inside the threat model.
    template <class LookBack, class Move>
    void ascend(const spar::Oracle &oracle, const spar::AttackBatch &batch, std::int64_t count,
                apgd::Windows windows, bool inside, LookBack &&look_back, Move &&move) {
        for (std::int64_t step = 0; step <= count && points_.live_count() > 0; ++step) {
            ask(oracle, batch);
            judge(batch, step == 0);
            if (inside && !batch.training()) keep_fooled(batch);
            if (step == count) break;
            const std::int64_t window = step > 0 ? windows.step() : 0;
            for_rows(points_.live_count(), [&](std::int64_t k) {
                const std::int64_t point = live(k);
                if (window > 0 && look_back(progress(point), point, window)) {
                    std::ranges::copy(best_[point], x_[point].begin());
                    std::ranges::copy(best_gradient_[point], gradient_[point].begin());
                }
                move(point, step == 0);
            });
        }
    }

    void ask(const spar::Oracle &oracle, const spar::AttackBatch &batch) {
        const std::int64_t outputs = oracle.outputs();
        losses_.resize(points_.live().size());
        auto ratio = [&](std::int64_t first, std::int64_t count, const float *z, float *gradient) {
            for (std::int64_t i = 0; i < count; ++i) {
                const auto k = static_cast<std::size_t>(first + i);
                const std::int64_t point = points_.live()[k];
                const auto width = static_cast<std::size_t>(outputs);
                const std::int64_t label = batch.labels()[points_.row(point)];
                losses_[k] = spar::targeted_dlr(
                    {z + i * outputs, width}, label, aims_.of(points_.row(point), run(point)),
                    gradient != nullptr ? std::span<float>(gradient + i * outputs, width)
                                        : std::span<float>());
            }
        };
        spar::Points::Wants wants{.gradient = true, .outputs = true};
        if (aims_.on())
            wants.head = ratio;
        else
            wants.loss_values = true;
        wants.loss = loss.ref();
        points_.ask(oracle, x_, wants);
        if (!aims_.on()) losses_.assign(points_.losses.begin(), points_.losses.end());
    }

    /// Counts the steps that raised the loss and keeps the best point.
    void judge(const spar::AttackBatch &batch, bool first) {
        for_rows(points_.live_count(), [&](std::int64_t k) {
            const std::int64_t point = live(k);
            apgd::Progress &p = progress(point);
            const double now = losses_[static_cast<std::size_t>(k)];
            batch.clear_masked(points_.row(point), points_.gradient[k]);
            std::ranges::copy(points_.gradient[k], gradient_[point].begin());
            if (!first && now > p.loss) ++p.rises;
            p.loss = now;
            if (!first && !(now > p.best_loss)) return;
            p.best_loss = now;
            if (first) p.best_at_check = now;
            std::ranges::copy(x_[point], best_[point].begin());
            std::ranges::copy(gradient_[point], best_gradient_[point].begin());
        });
    }

    /// An evaluation drops fooled examples; training wants the highest loss.
    void keep_fooled(const spar::AttackBatch &batch) {
        for (std::int64_t k = 0; k < points_.live_count(); ++k) {
            const std::int64_t row = points_.row(live(k));
            if (fooled(row) != 0 || !batch.success(row, points_.outputs[k])) continue;
            fooled(row) = 1;
            std::ranges::copy(x_[live(k)], batch.x_adv()[row].begin());
        }
        drop_fooled();
    }

    /// For examples that resisted so far: the point of highest loss.
    void propose(const spar::AttackBatch &batch) {
        for_rows(batch.count(), [&](std::int64_t row) {
            if (fooled(row) != 0) return;
            std::int64_t best = row * points_.copies();
            for (std::int64_t copy = 1; copy < points_.copies(); ++copy) {
                const std::int64_t point = row * points_.copies() + copy;
                if (progress(point).best_loss > progress(best).best_loss) best = point;
            }
            double &highest = highest_[static_cast<std::size_t>(row)];
            if (first_run_ > 0 && !(progress(best).best_loss > highest)) return;
            highest = progress(best).best_loss;
            std::ranges::copy(best_[best], batch.x_adv()[row].begin());
        });
    }

    apgd::Aims aims_;
    spar::Points points_;
    spar::Matrix x_, before_, best_, best_gradient_, gradient_, ahead_;
    std::vector<apgd::Progress> progress_;  // per point
    std::vector<double> losses_, highest_;  // per live point; per example, of its present result
    std::vector<char> fooled_;              // of each example
    std::int64_t first_run_ = 0;
};

}  // namespace

SPAR_PLUGIN("apgd", "1.0.0", Apgd)
