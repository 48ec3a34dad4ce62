#include <spar/array.hpp>
#include <spar/kit/hyperplane.hpp>
#include <spar/kit/lead.hpp>
#include <spar/kit/points.hpp>

namespace {

class Fab : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "fab",
        .summary =
            "Fast adaptive boundary attack: projects onto the linearised boundary inside the "
            "box, leaning towards x, for the smallest perturbation that fools. With targets: "
            "FAB-T, the boundary to each of them alone.",
        .formula =
            "x <- clip((1 - a)(x + eta d1) + a (x0 + eta d2)), d1 and d2 from x and x0 to the "
            "hyperplane, a = min(|d1| / (|d1| + |d2|), alpha_max); once fooled, x <- x0 + "
            "beta (x - x0)",
        .reference =
            "Croce and Hein 2020, Minimally distorted adversarial examples with a fast "
            "adaptive boundary attack",
        .example = R"({"version":2,"name":"fab","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"fab","steps":10,"targets":3}]}})",
    };

    spar::Integer steps{this, "steps", "steps of each run", {.fallback = 100, .min = 1}};
    spar::Integer targets{
        this,
        "targets",
        "0: the nearest boundary of all. Otherwise, in turn, the boundary to each of that "
        "many of the classes most likely at x",
        {.fallback = 0, .min = 0, .max = 1000}};
    spar::Integer restarts{this,
                           "restarts",
                           "runs; the first starts at x, others at random up to eps / 2 away",
                           {.fallback = 1, .min = 1}};
    spar::Number alpha_max{
        this, "alpha_max", "most weight of the clean point", {.fallback = 0.1, .min = 0, .max = 1}};
    spar::Number eta{
        this, "eta", "how far to go beyond the boundary", {.fallback = 1.05, .min = 1}};
    spar::Number beta{this,
                      "beta",
                      "how much of the way is kept after success",
                      {.fallback = 0.9, .min = 0, .max = 1}};
    spar::Boolean minimise{
        this, "minimise", "go on after success within eps, in search of less", {.fallback = false}};

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        spar::require_classes(oracle, batch);
        start(oracle, batch);
        for (std::int64_t step = 0; step < *steps && points_.live_count() > 0; ++step) {
            points_.ask(oracle, x_, {.outputs = true, .tape = 1});
            find_boundaries(oracle, batch);
            advance(batch);
            points_.ask(oracle, x_, {.outputs = true});
            settle(batch);
        }
    }

  private:
    void start(const spar::Oracle &oracle, const spar::AttackBatch &batch) {
        const std::int64_t others = oracle.outputs() - 1;
        const bool aims = *targets > 0 && batch.targets() == nullptr;
        chosen_ = aims ? std::min<std::int64_t>(*targets, others) : 1;
        points_.begin(batch, chosen_ * *restarts);
        for (spar::Matrix *m : {&x_, &normal_, &first_, &second_})
            m->resize(points_.total(), batch.size());
        need_.assign(static_cast<std::size_t>(points_.total()), 0);
        best_.assign(static_cast<std::size_t>(batch.count()),
                     std::numeric_limits<double>::infinity());
        spar::Ball near = batch.ball();
        near.eps /= 2;
        for_rows(points_.total(), [&](std::int64_t point) {
            const std::int64_t row = points_.row(point);
            const std::int64_t restart = points_.copy(point) / chosen_;
            if (restart == 0) {
                std::ranges::copy(batch.x()[row], x_[point].begin());
            } else {
                const auto draw = static_cast<std::uint32_t>(points_.copy(point));
                batch.random_point(row, near, batch.random(row, draw), x_[point]);
            }
        });
        all_ = !aims && batch.targets() == nullptr;
        if (aims) choose_classes(oracle, batch);
    }

    void choose_classes(const spar::Oracle &oracle, const spar::AttackBatch &batch) {
        clean_.resize(batch.count(), oracle.outputs());
        if (batch.outputs())
            std::ranges::copy(batch.outputs().flat(), clean_.rows().flat().begin());
        else if (batch.count() > 0)
            oracle.evaluate(
                {.x = batch.x().data(), .count = batch.count(), .outputs = clean_.data()});
        classes_.resize(static_cast<std::size_t>(batch.count() * chosen_));
        for_rows(batch.count(), [&](std::int64_t row) {
            spar::rivals(clean_[row], batch.labels()[row], chosen_,
                         std::span(classes_).subspan(static_cast<std::size_t>(row * chosen_),
                                                     static_cast<std::size_t>(chosen_)));
        });
    }

    /// The pair of classes of live point k at boundary number `choice`.
    spar::Race race(const spar::AttackBatch &batch, std::int64_t k, std::int64_t choice) const {
        const std::int64_t point = points_.live()[static_cast<std::size_t>(k)];
        const std::int64_t row = points_.row(point);
        if (batch.targets() != nullptr) return spar::race(batch, row, points_.outputs[k]);
        const std::int64_t label = batch.labels()[row];
        const std::int64_t towards =
            all_
                ? choice + (choice >= label ? 1 : 0)
                : classes_[static_cast<std::size_t>(row * chosen_ + points_.copy(point) % chosen_)];
        return {static_cast<std::size_t>(towards), static_cast<std::size_t>(label)};
    }

    /// Finds the nearest hyperplane for every live point: its normal, and the missing lead.
    void find_boundaries(const spar::Oracle &oracle, const spar::AttackBatch &batch) {
        const std::int64_t count = points_.live_count();
        cotangent_.resize(count, oracle.outputs());
        gradient_.resize(count, batch.size());
        nearest_.assign(static_cast<std::size_t>(count), std::numeric_limits<double>::infinity());
        for (std::int64_t choice = 0; choice < (all_ ? oracle.outputs() - 1 : 1); ++choice) {
            for (std::int64_t k = 0; k < count; ++k)
                race(batch, k, choice).gradient(1, cotangent_[k]);
            oracle.pullback(1, cotangent_.data(), gradient_.data());
            for_rows(count, [&](std::int64_t k) { consider(batch, k, choice); });
        }
    }

    void consider(const spar::AttackBatch &batch, std::int64_t k, std::int64_t choice) {
        const std::int64_t point = points_.live()[static_cast<std::size_t>(k)];
        batch.clear_masked(points_.row(point), gradient_[k]);
        const double missing = spar::missing(race(batch, k, choice), points_.outputs[k]);
        const double distance = std::fabs(missing) / (batch.ball().dual(gradient_[k]) + 1e-12);
        if (!(distance < nearest_[static_cast<std::size_t>(k)])) return;
        nearest_[static_cast<std::size_t>(k)] = distance;
        need_[static_cast<std::size_t>(point)] = missing;
        std::ranges::copy(gradient_[k], normal_[point].begin());
    }

    void advance(const spar::AttackBatch &batch) {
        const spar::Ball ball = batch.ball();
        for_rows(points_.live_count(), [&](std::int64_t k) {
            if (!std::isfinite(nearest_[static_cast<std::size_t>(k)])) return;
            const std::int64_t point = points_.live()[static_cast<std::size_t>(k)];
            const auto center = batch.x()[points_.row(point)];
            const std::span<float> x = x_[point], first = first_[point], second = second_[point];
            const std::span<const float> w = normal_[point];
            const double need = need_[static_cast<std::size_t>(point)];
            // From x the lead must grow by `need`; from the clean point, by the difference as well.
            const double between = spar::sum_of(
                x.size(), [&](std::size_t i) { return double{w[i]} * (double{x[i]} - center[i]); });
            spar::cross({ball, x, w, need}, first);
            spar::cross({ball, center, w, need + between}, second);
            const double a = std::max(ball.length(first), 1e-8);
            const double b = std::max(ball.length(second), 1e-8);
            const double share = std::min(a / (a + b), *alpha_max);
            const auto there = spar::doubles(x) + *eta * spar::doubles(first);
            const auto around = spar::doubles(center) + *eta * spar::doubles(second);
            spar::array(x) = ((1 - share) * there + share * around).cast<float>();
            ball.clamp(x);
            batch.hold_masked(points_.row(point), x);
        });
    }

    /// Keeps the smallest perturbation that fools, and pulls such points back towards x.
    void settle(const spar::AttackBatch &batch) {
        const spar::Ball ball = batch.ball();
        for (std::int64_t k = 0; k < points_.live_count(); ++k) {
            const std::int64_t point = points_.live()[static_cast<std::size_t>(k)];
            const std::int64_t row = points_.row(point);
            if (!batch.success(row, points_.outputs[k])) continue;
            const auto center = batch.x()[row];
            const std::span<float> x = x_[point];
            const double distance = ball.distance(center, x);
            double &best = best_[static_cast<std::size_t>(row)];
            if (distance < best) {
                best = distance;
                std::ranges::copy(x, batch.x_adv()[row].begin());
                ball.project(center, batch.x_adv()[row]);
            }
            const auto middle = spar::doubles(center);
            spar::array(x) = (middle + *beta * (spar::doubles(x) - middle)).cast<float>();
        }
        if (*minimise) return;
        points_.drop([&](std::int64_t point) {
            return best_[static_cast<std::size_t>(points_.row(point))] <= double{ball.eps};
        });
    }

    spar::Points points_;
    spar::Matrix x_, normal_, first_, second_, cotangent_, gradient_, clean_;
    std::vector<double> need_, nearest_, best_;
    std::vector<std::int64_t> classes_;
    std::int64_t chosen_ = 1;
    bool all_ = true;  // all boundaries to other classes, at every point
};

}  // namespace

SPAR_PLUGIN("fab", "1.0.0", Fab)
