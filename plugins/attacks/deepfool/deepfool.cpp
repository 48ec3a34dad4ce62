#include <spar/array.hpp>
#include <spar/kit/hyperplane.hpp>
#include <spar/kit/lead.hpp>
#include <spar/kit/points.hpp>

namespace {

class DeepFool : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "deepfool",
        .summary =
            "Steps to the nearest boundary of the linearised model, again and again, until the "
            "class changes; where the box stops a part of the way, the last steps are made longer "
            "so that they go beyond the boundary after clipping. Fails where that takes more than "
            "eps.",
        .formula =
            "x <- clip(x + (1 + overshoot) r), r = m / <w, u> u, w = grad (z_c - z_y), u the "
            "steepest direction of the threat's norm, m = z_y - z_c + 1e-5 (max z - min z), c the "
            "class with the shortest r; for the second half of the steps, and once that is a "
            "hundredth of the way so far, r is the shortest move inside the box with <w, r> = m",
        .reference =
            "Moosavi-Dezfooli et al. 2016, DeepFool: a simple and accurate method to fool "
            "deep neural networks",
        .example = R"({"version":2,"name":"deepfool","seed":1,
 "data":{"test":{"type":"digits","examples":16}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"l2","eps":1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"deepfool"}]}})",
    };

    spar::Integer steps{this, "steps", "most steps", {.fallback = 50, .min = 1}};
    spar::Number overshoot{this,
                           "overshoot",
                           "how far to go beyond the boundary, as a share of each step",
                           {.fallback = 0.02, .min = 0}};
    spar::Integer candidates{this,
                             "candidates",
                             "classes considered, the most likely at x, including its own",
                             {.fallback = 10, .min = 2}};

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        spar::require_classes(oracle, batch);
        start(batch);
        for (std::int64_t step = 0; step <= *steps && points_.live_count() > 0; ++step) {
            points_.ask(oracle, x_, {.outputs = true, .tape = 1});
            settle(batch);
            if (step == *steps || points_.live_count() == 0) break;
            if (step == 0) choose_classes(batch);
            inside_ = step >= *steps / 2;
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
        std::ranges::copy(batch.x().flat(), x_.rows().flat().begin());
    }

    /// Points that have reached their goal stop. The tape still holds all queried points, so keep
    /// track of which they are.
    void settle(const spar::AttackBatch &batch) {
        asked_ = points_.live();
        there_.clear();
        points_.drop([&](std::int64_t row) {
            there_.push_back(batch.success(row, points_.outputs[std::ssize(there_)]) ? 1 : 0);
            return there_.back() != 0;
        });
    }

    void choose_classes(const spar::AttackBatch &batch) {
        rivals_ =
            batch.targets() != nullptr ? 1 : std::min(*candidates, points_.outputs.width()) - 1;
        classes_.resize(static_cast<std::size_t>(batch.count() * rivals_));
        for_rows(std::ssize(asked_), [&](std::int64_t k) {
            const std::int64_t row = asked_[static_cast<std::size_t>(k)];
            const auto own = std::span(classes_).subspan(static_cast<std::size_t>(row * rivals_),
                                                         static_cast<std::size_t>(rivals_));
            if (batch.targets() != nullptr)
                own[0] = batch.targets()[row];
            else
                spar::rivals(points_.outputs[k], batch.labels()[row], rivals_, own);
        });
    }

    /// Pulls back the difference to one class after another, and keeps the nearest hyperplane for
    /// each point.
    void find_nearest(const spar::Oracle &oracle, const spar::AttackBatch &batch) {
        const std::int64_t count = std::ssize(asked_), size = batch.size();
        cotangent_.resize(count, oracle.outputs());
        gradient_.resize(count, size);
        move_.resize(count, size);
        normal_.resize(count, size);
        need_.resize(asked_.size());
        length_.assign(asked_.size(), std::numeric_limits<double>::infinity());
        for (std::int64_t choice = 0; choice < rivals_; ++choice) {
            for (std::int64_t k = 0; k < count; ++k)  // zero is no question
                race(batch, k, choice).gradient(there_[std::size_t(k)] == 0 ? 1 : 0, cotangent_[k]);
            oracle.pullback(1, cotangent_.data(), gradient_.data());
            for_rows(count, [&](std::int64_t k) { consider(batch, k, choice); });
        }
    }

    void consider(const spar::AttackBatch &batch, std::int64_t k, std::int64_t choice) {
        const auto at = static_cast<std::size_t>(k);
        const std::span<float> w = gradient_[k];
        batch.clear_masked(asked_[at], w);
        if (batch.ball().norm == SPAR_NORM_L1) clear_stopped(batch.ball(), x_[asked_[at]], w);
        const double need = spar::missing(race(batch, k, choice), points_.outputs[k]);
        const double length =
            inside_ ? move_inside(batch, k, w, need) : move_freely(batch, k, w, need);
        if (!(length < length_[at])) return;
        length_[at] = length;
        need_[at] = need;
        std::ranges::copy(w, normal_[k].begin());
    }

    /// Under l1 few coordinates move, and they would always be the same ones.
    static void clear_stopped(const spar::Ball &ball, std::span<const float> x,
                              std::span<float> w) {
        auto g = spar::array(w);
        const auto at = spar::array(x);
        g = ((g > 0 && at >= ball.upper) || (g < 0 && at <= ball.lower)).select(0.0F, g);
    }

    /// Fills move_ with the way of queried point k to a hyperplane, ignoring the box; returns its
    /// length.
    double move_freely(const spar::AttackBatch &batch, std::int64_t k, std::span<const float> w,
                       double need) {
        batch.ball().steepest(w, move_[k]);
        const double slope = spar::dot(w, move_[k]);
        if (!(slope > 0)) return std::numeric_limits<double>::infinity();
        spar::array(move_[k]) = (need / slope * spar::doubles(move_[k])).cast<float>();
        return need / slope;
    }

    /// The shortest way inside the box. If the hyperplane misses the box, goes as far as possible,
    /// and returns the length extrapolated to the hyperplane.
    double move_inside(const spar::AttackBatch &batch, std::int64_t k, std::span<const float> w,
                       double need) {
        const spar::Ball ball = batch.ball();
        spar::cross({ball, x_[asked_[static_cast<std::size_t>(k)]], w, need}, move_[k]);
        const double gained = spar::dot(w, move_[k]);
        if (!(gained > 0)) return std::numeric_limits<double>::infinity();
        return ball.length(move_[k]) * std::max(need / gained, 1.0);
    }

    /// Queried point k between one class and the one that it must overtake.
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
            const auto at = static_cast<std::size_t>(k);
            const std::int64_t row = asked_[at];
            if (!std::isfinite(length_[at]) || there_[at] != 0) return;
            const double way = ball.distance(batch.x()[row], x_[row]);
            if (!(move_inside(batch, k, normal_[k], need_[at]) <= 0.01 * way) && !inside_)
                move_freely(batch, k, normal_[k], need_[at]);
            spar::array(x_[row]) += ((1 + *overshoot) * spar::doubles(move_[k])).cast<float>();
            ball.clamp(x_[row]);
        });
    }

    spar::Points points_;
    spar::Matrix x_, cotangent_, gradient_, move_, normal_;
    std::vector<std::int64_t> asked_, classes_;
    std::vector<std::uint8_t> there_;  // of each queried point: at its goal
    std::vector<double> length_, need_;
    std::int64_t rivals_ = 0;
    bool inside_ = false;  // steps are the shortest ways inside the box
};

}  // namespace

SPAR_PLUGIN("deepfool", "1.0.0", DeepFool)
