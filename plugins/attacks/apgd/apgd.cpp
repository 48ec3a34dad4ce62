#include "windows.hpp"

#include <spar/dlr.hpp>
#include <spar/lead.hpp>
#include <spar/points.hpp>

namespace {

class Apgd : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "apgd",
        .summary =
            "Auto-PGD: momentum, and a step size that halves itself where progress stops. With "
            "targets: APGD-T, the targeted difference of logits ratio for each of them.",
        .formula =
            "z = P(x_k + s u(grad)); x_{k+1} = P(x_k + 0.75 (z - x_k) + 0.25 (x_k - x_{k-1})); "
            "s starts at 2 eps (l1: eps); at a checkpoint s halves and x returns to the best "
            "point if fewer than 75 % of the steps raised the loss, or if neither s nor the "
            "best loss changed since the last one",
        .reference =
            "Croce and Hein 2020, Reliable evaluation of adversarial robustness with an "
            "ensemble of diverse parameter-free attacks; under l1, the exact projection of "
            "Croce and Hein 2021 with pgd's steps, without their schedule of three radii",
        .example = R"({"version":1,"name":"apgd","seed":1,
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
        {.optional = true}};
    spar::Integer targets{
        this,
        "targets",
        "0: the loss. Else the targeted difference of logits ratio, for that many "
        "of the classes most likely at x",
        {.fallback = 0, .min = 0, .max = 1000}};

    void configure() override {
        if (*targets > 0 && loss.given())
            throw spar::invalid(
                "with targets, apgd uses the targeted difference of logits ratio: "
                "leave out loss, or set targets to 0",
                "/loss");
    }

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        choose_targets(oracle, batch);
        start(batch);
        apgd::Windows windows(*steps);
        for (std::int64_t step = 0; step <= *steps && points_.live_count() > 0; ++step) {
            ask(oracle, batch);
            judge(batch, step == 0);
            if (step == *steps) break;
            if (const std::int64_t window = step > 0 ? windows.step() : 0; window > 0)
                look_back(window);
            advance(batch, step == 0);
        }
        propose(batch);
    }

  private:
    struct State {
        double step, loss = 0, best_loss = 0, best_at_check = 0;
        std::int64_t rises = 0;
        bool halved = true;  /// nothing to compare with at the first checkpoint
    };

    bool aims() const { return *targets > 0; }

    void choose_targets(const spar::Oracle &oracle, const spar::AttackBatch &batch) {
        aimed_ = !aims() ? 1
                 : batch.targets() != nullptr
                     ? 1
                     : std::min<std::int64_t>(*targets, oracle.outputs() - 1);
        points_.begin(batch, aimed_ * *restarts);
        if (!aims()) return;
        if (spar::lacks_classes(batch) || oracle.outputs() < 4)
            throw spar::invalid(
                "the targeted difference of logits ratio needs classes of single examples and four "
                "outputs or more: leave targets out; in auto_attack, list \"attacks\" without it",
                "/targets");
        classes_.resize(static_cast<std::size_t>(batch.count() * aimed_));
        clean_.resize(batch.count(), oracle.outputs());
        if (batch.outputs())
            std::ranges::copy(batch.outputs().flat(), clean_.rows().flat().begin());
        else
            oracle.evaluate(
                {.x = batch.x().data(), .count = batch.count(), .outputs = clean_.data()});
        for (std::int64_t row = 0; row < batch.count(); ++row) {
            const auto own = std::span(classes_).subspan(static_cast<std::size_t>(row * aimed_),
                                                         static_cast<std::size_t>(aimed_));
            if (batch.targets() != nullptr)
                own[0] = batch.targets()[row];
            else
                spar::rivals(clean_[row], batch.labels()[row], aimed_, own);
        }
    }

    std::int64_t target(std::int64_t point) const {
        return classes_[static_cast<std::size_t>(points_.row(point) * aimed_ +
                                                 points_.copy(point) % aimed_)];
    }

    /// A random point that touches the surface of the ball.
    void start(const spar::AttackBatch &batch) {
        const spar::Ball ball = batch.ball();
        for (spar::Matrix *m : {&x_, &before_, &best_, &best_gradient_, &gradient_, &ahead_})
            m->resize(points_.total(), batch.size());
        const double first = (ball.norm == SPAR_NORM_L1 ? 1.0 : 2.0) * ball.eps;
        state_.assign(static_cast<std::size_t>(points_.total()), {.step = first});
        fooled_.assign(static_cast<std::size_t>(batch.count()), 0);
        for_rows(points_.total(), [&](std::int64_t point) {
            const std::int64_t row = points_.row(point);
            // As AutoAttack, every target begins at the same point.
            const auto restart = static_cast<std::uint32_t>(points_.copy(point) / aimed_);
            spar::Random random = batch.random(row, restart);
            const std::span<float> x = x_[point], center = before_[point];
            std::ranges::copy(batch.x()[row], center.begin());
            const bool cube = ball.norm == SPAR_NORM_LINF;
            for (std::size_t i = 0; i < x.size(); ++i) {
                const auto at = static_cast<std::int64_t>(i);
                x[i] = cube ? random.uniform(at, -1, 1) : random.normal(at);
            }
            const double length = cube ? spar::norm_linf(x) : spar::norm_l2(x);
            const double scale = ball.norm == SPAR_NORM_L1 ? 1 : ball.eps / (length + 1e-12);
            for (std::size_t i = 0; i < x.size(); ++i)
                x[i] = static_cast<float>(center[i] + scale * x[i]);
            ball.project(center, x);
            batch.hold_masked(row, x);
            std::ranges::copy(x, center.begin());
        });
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
                    {z + i * outputs, width}, label, target(point),
                    gradient != nullptr ? std::span<float>(gradient + i * outputs, width)
                                        : std::span<float>());
            }
        };
        spar::Points::Wants wants{.gradient = true, .outputs = true};
        if (aims())
            wants.head = ratio;
        else
            wants.loss_values = true;
        wants.loss = loss.ref();
        points_.ask(oracle, x_, wants);
        if (!aims()) losses_.assign(points_.losses.begin(), points_.losses.end());
    }

    /// Counts what rose, keeps the best point, and in an evaluation lets go of the examples that
    /// are fooled: training wants the highest loss.
    void judge(const spar::AttackBatch &batch, bool first) {
        for_rows(points_.live_count(), [&](std::int64_t k) {
            const std::int64_t point = points_.live()[static_cast<std::size_t>(k)];
            State &state = state_[static_cast<std::size_t>(point)];
            const double now = losses_[static_cast<std::size_t>(k)];
            batch.clear_masked(points_.row(point), points_.gradient[k]);
            std::ranges::copy(points_.gradient[k], gradient_[point].begin());
            if (!first && now > state.loss) ++state.rises;
            state.loss = now;
            if (!first && !(now > state.best_loss)) return;
            state.best_loss = now;
            if (first) state.best_at_check = now;
            std::ranges::copy(x_[point], best_[point].begin());
            std::ranges::copy(gradient_[point], best_gradient_[point].begin());
        });
        if (batch.training()) return;
        for (std::int64_t k = 0; k < points_.live_count(); ++k) {
            const std::int64_t point = points_.live()[static_cast<std::size_t>(k)];
            const std::int64_t row = points_.row(point);
            char &fooled = fooled_[static_cast<std::size_t>(row)];
            if (fooled != 0 || !batch.success(row, points_.outputs[k])) continue;
            fooled = 1;
            std::ranges::copy(x_[point], batch.x_adv()[row].begin());
        }
        points_.drop([&](std::int64_t point) {
            return fooled_[static_cast<std::size_t>(points_.row(point))] != 0;
        });
    }

    /// A checkpoint: halves the step and returns to the best point where progress stopped.
    void look_back(std::int64_t window) {
        for_rows(points_.live_count(), [&](std::int64_t k) {
            const std::int64_t point = points_.live()[static_cast<std::size_t>(k)];
            State &state = state_[static_cast<std::size_t>(point)];
            const bool few = static_cast<double>(state.rises) < 0.75 * static_cast<double>(window);
            const bool stuck = !state.halved && !(state.best_loss > state.best_at_check);
            state.halved = few || stuck;
            state.best_at_check = state.best_loss;
            state.rises = 0;
            if (!state.halved) return;
            state.step /= 2;
            state.loss = state.best_loss;
            std::ranges::copy(best_[point], x_[point].begin());
            std::ranges::copy(best_gradient_[point], gradient_[point].begin());
        });
    }

    void advance(const spar::AttackBatch &batch, bool first) {
        const spar::Ball ball = batch.ball();
        const double share = first ? 1 : 0.75;
        for_rows(points_.live_count(), [&](std::int64_t k) {
            const std::int64_t point = points_.live()[static_cast<std::size_t>(k)];
            const auto center = batch.x()[points_.row(point)];
            const std::span<float> x = x_[point], before = before_[point], ahead = ahead_[point];
            std::ranges::copy(x, ahead.begin());
            const auto step = static_cast<float>(state_[static_cast<std::size_t>(point)].step);
            ball.ascend(center, gradient_[point], step, ahead);
            for (std::size_t i = 0; i < x.size(); ++i) {
                const double here = x[i], momentum = here - before[i];
                before[i] = x[i];
                x[i] =
                    static_cast<float>(here + share * (ahead[i] - here) + (1 - share) * momentum);
            }
            ball.project(center, x);
        });
    }

    /// What resisted: its point of highest loss.
    void propose(const spar::AttackBatch &batch) {
        for_rows(batch.count(), [&](std::int64_t row) {
            if (fooled_[static_cast<std::size_t>(row)] != 0) return;
            std::int64_t best = row * points_.copies();
            for (std::int64_t copy = 1; copy < points_.copies(); ++copy) {
                const std::int64_t point = row * points_.copies() + copy;
                if (state_[static_cast<std::size_t>(point)].best_loss >
                    state_[static_cast<std::size_t>(best)].best_loss)
                    best = point;
            }
            std::ranges::copy(best_[best], batch.x_adv()[row].begin());
        });
    }

    spar::Points points_;
    spar::Matrix x_, before_, best_, best_gradient_, gradient_, ahead_, clean_;
    std::vector<State> state_;
    std::vector<double> losses_;
    std::vector<char> fooled_;  // of each example
    std::vector<std::int64_t> classes_;
    std::int64_t aimed_ = 1;
};

}  // namespace

SPAR_PLUGIN("apgd", "1.0.0", Apgd)
