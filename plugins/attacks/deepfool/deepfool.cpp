#include <spar/lead.hpp>
#include <spar/points.hpp>

namespace {

class DeepFool : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "deepfool",
        .summary =
            "Steps to the nearest boundary of the linearised model, again and again, until "
            "the class changes. Fails where that takes more than eps.",
        .formula =
            "r_k = |f_c| / <grad f_c, u> u, f_c = z_c - z_y, u the steepest direction of the "
            "threat's norm, c the class with the shortest r_k; x' = x + (1 + overshoot) "
            "sum_k r_k",
        .reference =
            "Moosavi-Dezfooli et al. 2016, DeepFool: a simple and accurate method to fool "
            "deep neural networks",
        .example = R"({"version":1,"name":"deepfool","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"l2","eps":1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"deepfool"}]}})",
    };

    spar::Integer steps{this, "steps", "most steps", {.fallback = 50, .min = 1}};
    spar::Number overshoot{this,
                           "overshoot",
                           "how far to go beyond the boundary, as a share of the whole way",
                           {.fallback = 0.02, .min = 0}};
    spar::Integer candidates{this,
                             "candidates",
                             "classes looked at, those most likely at x, the own one among them",
                             {.fallback = 10, .min = 2}};

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        spar::require_classes(oracle, batch);
        start(batch);
        for (std::int64_t step = 0; step <= *steps && points_.live_count() > 0; ++step) {
            points_.ask(oracle, x_, {.outputs = true, .tape = 1});
            settle(batch);
            if (step == *steps || points_.live_count() == 0) break;
            if (step == 0) choose_classes(batch);
            find_nearest(oracle, batch);
            advance(batch);
        }
        for_rows(batch.count(), [&](std::int64_t row) {
            std::ranges::copy(x_[row], batch.x_adv()[row].begin());
            batch.ball().project(batch.x()[row], batch.x_adv()[row]);
        });
    }

  private:
    void start(const spar::AttackBatch &batch) {
        points_.begin(batch, 1);
        x_.resize(batch.count(), batch.size());
        way_.resize(batch.count(), batch.size());
        std::ranges::copy(batch.x().flat(), x_.rows().flat().begin());
        std::ranges::fill(way_.rows().flat(), 0.0F);
    }

    /// What has reached its goal stays where it is. The tape still holds all points that were asked
    /// about, so it is remembered which.
    void settle(const spar::AttackBatch &batch) {
        asked_ = points_.live();
        std::int64_t k = 0;
        points_.drop([&](std::int64_t row) { return batch.success(row, points_.outputs[k++]); });
    }

    void choose_classes(const spar::AttackBatch &batch) {
        rivals_ =
            batch.targets() != nullptr ? 1 : std::min(*candidates, points_.outputs.width()) - 1;
        classes_.resize(static_cast<std::size_t>(batch.count() * rivals_));
        for (std::size_t k = 0; k < asked_.size(); ++k) {
            const std::int64_t row = asked_[k];
            const auto own = std::span(classes_).subspan(static_cast<std::size_t>(row * rivals_),
                                                         static_cast<std::size_t>(rivals_));
            if (batch.targets() != nullptr)
                own[0] = batch.targets()[row];
            else
                spar::rivals(points_.outputs[static_cast<std::int64_t>(k)], batch.labels()[row],
                             rivals_, own);
        }
    }

    /// Pulls back the difference to one class after the other, and keeps for each point the
    /// direction of the shortest way.
    void find_nearest(const spar::Oracle &oracle, const spar::AttackBatch &batch) {
        const std::int64_t count = std::ssize(asked_), size = batch.size();
        cotangent_.resize(count, oracle.outputs());
        gradient_.resize(count, size);
        direction_.resize(count, size);
        best_.resize(count, size);
        length_.assign(asked_.size(), std::numeric_limits<double>::infinity());
        const spar::Ball ball = batch.ball();
        for (std::int64_t choice = 0; choice < rivals_; ++choice) {
            for (std::int64_t k = 0; k < count; ++k)
                race(batch, k, choice).gradient(1, cotangent_[k]);
            oracle.pullback(1, cotangent_.data(), gradient_.data());
            for_rows(count, [&](std::int64_t k) {
                const auto at = static_cast<std::size_t>(k);
                batch.clear_masked(asked_[at], gradient_[k]);
                ball.steepest(gradient_[k], direction_[k]);
                const double slope = spar::dot(gradient_[k], direction_[k]);
                const double gap = std::fabs(race(batch, k, choice).lead(points_.outputs[k]));
                if (!(slope > 0) || !(gap / slope < length_[at])) return;
                length_[at] = gap / slope;
                std::ranges::copy(direction_[k], best_[k].begin());
            });
        }
    }

    /// Asked point k between one class and the one it must overtake.
    spar::Race race(const spar::AttackBatch &batch, std::int64_t k, std::int64_t choice) const {
        const std::int64_t row = asked_[static_cast<std::size_t>(k)];
        const auto other =
            static_cast<std::size_t>(classes_[static_cast<std::size_t>(row * rivals_ + choice)]);
        const std::int64_t from =
            batch.targets() != nullptr
                ? spar::argmax_except(points_.outputs[k], batch.targets()[row])
                : batch.labels()[row];
        return {other, static_cast<std::size_t>(from)};
    }

    void advance(const spar::AttackBatch &batch) {
        const spar::Ball ball = batch.ball();
        for_rows(std::ssize(asked_), [&](std::int64_t k) {
            const double length = length_[static_cast<std::size_t>(k)];
            const std::int64_t row = asked_[static_cast<std::size_t>(k)];
            if (!std::isfinite(length) || batch.success(row, points_.outputs[k])) return;
            const auto center = batch.x()[row], direction = std::span<const float>(best_[k]);
            for (std::size_t i = 0; i < center.size(); ++i) {
                way_[row][i] += static_cast<float>(length * direction[i]);
                x_[row][i] = static_cast<float>(center[i] + (1 + *overshoot) * way_[row][i]);
            }
            ball.clamp(x_[row]);
        });
    }

    spar::Points points_;
    spar::Matrix x_, way_, cotangent_, gradient_, direction_, best_;
    std::vector<std::int64_t> asked_, classes_;
    std::vector<double> length_;
    std::int64_t rivals_ = 0;
};

}  // namespace

SPAR_PLUGIN("deepfool", "1.0.0", DeepFool)
