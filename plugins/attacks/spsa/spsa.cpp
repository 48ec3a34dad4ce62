#include <spar/array.hpp>
#include <spar/kit/lead.hpp>
#include <spar/kit/points.hpp>

namespace {

class Spsa : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "spsa",
        .summary =
            "Simultaneous perturbation: gradients estimated from outputs alone, along random "
            "signs, and climbed with Adam.",
        .formula =
            "g = mean_v (lead(x + delta v) - lead(x - delta v)) / (2 delta) v, v random signs; "
            "lead: max_{i != y} z_i - z_y, or z_t - max_{i != t} z_i",
        .reference =
            "Uesato et al. 2018, Adversarial risk and the dangers of evaluating against weak "
            "attacks",
        .example = R"({"version":2,"name":"spsa","seed":1,
 "data":{"test":{"type":"digits","examples":8}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"spsa","steps":5,"samples":8}]}})",
    };

    spar::Integer steps{this, "steps", "gradient steps", {.fallback = 100, .min = 1}};
    spar::Integer samples{this,
                          "samples",
                          "random directions per step, of two queries each",
                          {.fallback = 128, .min = 1, .max = 1000000}};
    spar::Number delta{this,
                       "delta",
                       "how far the two points of a direction are from x",
                       {.fallback = 0.01, .above = 0.0, .unit = "as x"}};
    spar::Number rate{this, "rate", "learning rate of Adam", {.fallback = 0.01, .above = 0.0}};

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        spar::require_classes(oracle, batch);
        start(batch);
        for (std::int64_t step = 1; step <= *steps + 1; ++step) {
            points_.ask(oracle, x_, {.outputs = true});
            settle(batch);
            if (step > *steps || points_.live_count() == 0) break;
            estimate(oracle, batch, step);
            climb(batch, step);
        }
    }

  private:
    void start(const spar::AttackBatch &batch) {
        points_.begin(batch, 1);
        for (spar::Matrix *m : {&x_, &gradient_, &first_, &second_})
            m->resize(batch.count(), batch.size());
        std::ranges::copy(batch.x().flat(), x_.rows().flat().begin());
        std::ranges::fill(first_.rows().flat(), 0.0F);
        std::ranges::fill(second_.rows().flat(), 0.0F);
        lead_.assign(static_cast<std::size_t>(batch.count()),
                     -std::numeric_limits<double>::infinity());
    }

    /// Keeps the best point, and drops fooled examples.
    void settle(const spar::AttackBatch &batch) {
        for (std::int64_t k = 0; k < points_.live_count(); ++k) {
            const std::int64_t row = points_.live()[static_cast<std::size_t>(k)];
            const auto outputs = points_.outputs[k];
            const double lead = spar::progress(batch, row, outputs);
            double &best = lead_[static_cast<std::size_t>(row)];
            if (!(lead > best)) continue;
            best = lead;
            std::ranges::copy(x_[row], batch.x_adv()[row].begin());
        }
        points_.drop([&](std::int64_t row) {
            return lead_[static_cast<std::size_t>(row)] == std::numeric_limits<double>::infinity();
        });
    }

    static float sign(spar::Random &random, std::size_t i) {
        const std::uint32_t bits = random.word(static_cast<std::int64_t>(i / 32));
        return ((bits >> (i % 32)) & 1U) != 0 ? 1.0F : -1.0F;
    }

    spar::Random signs(const spar::AttackBatch &batch, std::int64_t row, std::int64_t step,
                       std::int64_t sample) const {
        return batch.random(row, static_cast<std::uint32_t>(step * *samples + sample));
    }

    void estimate(const spar::Oracle &oracle, const spar::AttackBatch &batch, std::int64_t step) {
        // One direction per example at a time, two points each.
        const std::vector<std::int64_t> &live = points_.live();
        pairs_.resize(2 * points_.live_count(), batch.size());
        outputs_.resize(pairs_.count(), oracle.outputs());
        rows_.resize(2 * live.size());
        for (std::size_t k = 0; k < live.size(); ++k) rows_[2 * k] = rows_[2 * k + 1] = live[k];
        for (const std::int64_t row : live) std::ranges::fill(gradient_[row], 0.0F);
        const auto reach = static_cast<float>(*delta);
        for (std::int64_t sample = 0; sample < *samples; ++sample) {
            for_rows(points_.live_count(), [&](std::int64_t k) {
                const std::int64_t row = live[static_cast<std::size_t>(k)];
                spar::Random random = signs(batch, row, step, sample);
                for (std::size_t i = 0; i < x_[row].size(); ++i) {
                    const float shift = reach * sign(random, i);
                    pairs_[2 * k][i] = x_[row][i] + shift;
                    pairs_[2 * k + 1][i] = x_[row][i] - shift;
                }
            });
            oracle.evaluate({.x = pairs_.data(),
                             .count = pairs_.count(),
                             .rows = rows_.data(),
                             .outputs = outputs_.data()});
            for_rows(points_.live_count(), [&](std::int64_t k) { add(batch, k, step, sample); });
        }
    }

    void add(const spar::AttackBatch &batch, std::int64_t k, std::int64_t step,
             std::int64_t sample) {
        const std::int64_t row = points_.live()[static_cast<std::size_t>(k)];
        const auto lead = [&](std::int64_t at) {
            return spar::race(batch, row, outputs_[at]).lead(outputs_[at]);
        };
        const double slope =
            (lead(2 * k) - lead(2 * k + 1)) / (2 * *delta * static_cast<double>(*samples));
        spar::Random random = signs(batch, row, step, sample);
        for (std::size_t i = 0; i < gradient_[row].size(); ++i)
            gradient_[row][i] += static_cast<float>(slope) * sign(random, i);
    }

    void climb(const spar::AttackBatch &batch, std::int64_t step) {
        constexpr double beta1 = 0.9, beta2 = 0.999;
        const double correction1 = 1 - std::pow(beta1, step);
        const double correction2 = 1 - std::pow(beta2, step);
        for_rows(points_.live_count(), [&](std::int64_t k) {
            const std::int64_t row = points_.live()[static_cast<std::size_t>(k)];
            batch.clear_masked(row, gradient_[row]);  // padding takes nothing of the ball
            auto x = spar::array(x_[row]);
            auto m = spar::array(first_[row]), v = spar::array(second_[row]);
            const auto known = spar::array(gradient_[row]).isFinite();
            const auto g = spar::doubles(gradient_[row]);
            m = known.select((beta1 * m.cast<double>() + (1 - beta1) * g).cast<float>(), m);
            v = known.select((beta2 * v.cast<double>() + (1 - beta2) * g * g).cast<float>(), v);
            const auto size = (v.cast<double>() / correction2).sqrt() + 1e-8;
            x +=
                known.select((*rate * (m.cast<double>() / correction1) / size).cast<float>(), 0.0F);
            batch.ball().project(batch.x()[row], x_[row]);
            batch.hold_masked(row, x_[row]);
        });
    }

    spar::Points points_;
    spar::Matrix x_, gradient_, first_, second_, pairs_, outputs_;
    std::vector<std::int64_t> rows_;
    std::vector<double> lead_;  // at the best point, per example
};

}  // namespace

SPAR_PLUGIN("spsa", "1.0.0", Spsa)
