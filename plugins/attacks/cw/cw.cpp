#include <spar/kit/lead.hpp>
#include <spar/kit/points.hpp>

namespace {

class CarliniWagner : public spar::Attack {
  public:
    static constexpr spar::About about{
        .type = "cw",
        .summary =
            "Carlini and Wagner's l2 attack: the smallest perturbation that fools, by Adam on "
            "distance plus a constant times the margin, searching for the constant.",
        .formula =
            "min ||x' - x||^2 + c max(-lead(x'), -confidence), x' = (1 + tanh w) / 2, both in "
            "widths of the box; w starts at most steps rate / 2 from 0; lead: max_{i != y} z_i - "
            "z_y, or z_t - max_{i != t} z_i",
        .reference =
            "Carlini and Wagner 2017, Towards evaluating the robustness of neural networks",
        .example = R"({"version":2,"name":"cw","seed":1,
 "data":{"test":{"type":"digits","examples":8}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"l2","eps":1},
 "evaluate":{"loss":{"type":"cross_entropy"},"attacks":[{"type":"cw","steps":20,"search_steps":3}]}})",
    };

    spar::Integer search_steps{
        this, "search_steps", "constants tried for each example", {.fallback = 9, .min = 1}};
    spar::Integer steps{this,
                        "steps",
                        "gradient steps for each constant; 10,000 in the paper",
                        {.fallback = 1000, .min = 1}};
    spar::Number rate{this, "rate", "learning rate of Adam", {.fallback = 0.01, .above = 0.0}};
    spar::Number constant{
        this, "constant", "constant tried first", {.fallback = 1e-3, .above = 0.0}};
    spar::Number confidence{this,
                            "confidence",
                            "lead that counts as success",
                            {.fallback = 0, .min = 0, .unit = "logits"}};
    spar::Boolean abort_early{this,
                              "abort_early",
                              "leave a constant when a tenth of the steps brought no progress",
                              {.fallback = true}};

    void fits(const spar_threat &threat) const override {
        if (threat.norm != SPAR_NORM_L2)
            throw spar::Error(SPAR_E_UNSUPPORTED,
                              "cw minimises the l2 norm, and the threat's norm is another: give it "
                              "a threat of its own, or use pgd with the loss margin");
        fit().require(threat);
    }

    void perturb(const spar::Oracle &oracle, const spar::AttackBatch &batch) override {
        spar::require_classes(oracle, batch);
        search_.assign(static_cast<std::size_t>(batch.count()), {.constant = *constant});
        warn_of_walls(batch);
        for (std::int64_t round = 0; round < *search_steps; ++round) {
            start(batch);
            for (std::int64_t step = 1; step <= *steps && points_.live_count() > 0; ++step)
                descend(oracle, batch, step);
            for (Search &search : search_) search.next();
        }
    }

  private:
    /// The search for one example's constant.
    struct Search {
        double constant;
        double low = 0, high = 1e10;
        double best = std::numeric_limits<double>::infinity();  /// squared distance of the point
                                                                /// that fools
        double cost = 0, checked = std::numeric_limits<double>::infinity();
        bool found = false;  /// with this constant

        void next() {
            (found ? high : low) = constant;
            constant = high < 1e9 ? (low + high) / 2 : constant * 10;
        }
    };

    /// x' as a function of the free variable w: through tanh in a finite box, w itself in an
    /// infinite one.
    struct Box {
        double middle, half;
        explicit Box(const spar::Ball &ball)
            : middle((double{ball.lower} + ball.upper) / 2),
              half((double{ball.upper} - ball.lower) / 2) {}
        bool finite() const { return std::isfinite(half); }
        /// Distances are measured in units of the box's width, so that constants mean the same in
        /// every box.
        double width() const { return finite() ? 2 * half : 1; }
        /// Clamped to `limit` from the middle.
        float inverse(float x, double limit) const {
            if (!finite()) return x;
            const double w = std::atanh((x - middle) / half * 0.999999);
            return static_cast<float>(std::clamp(w, -limit, limit));
        }
        float value(float w) const {
            return finite() ? static_cast<float>(middle + half * std::tanh(double{w})) : w;
        }
        double slope(float w) const {
            const double t = finite() ? std::tanh(double{w}) : 0;
            return finite() ? half * (1 - t * t) : 1;
        }
    };

    /// Adam moves w by at most the rate in each step. A value that starts further out than half the
    /// total way, such as one on the box's wall, could not leave it.
    double start_limit() const { return *rate * static_cast<double>(*steps) / 2; }

    void warn_of_walls(const spar::AttackBatch &batch) const {
        const Box box(batch.ball());
        const auto far = [&](float x) {
            return std::fabs(double{box.value(box.inverse(x, start_limit()))} - x) >
                   1e-3 * box.width();
        };
        std::vector<std::int64_t> examples;
        for (std::int64_t row = 0; row < batch.count(); ++row)
            if (std::ranges::any_of(batch.x()[row], far)) examples.push_back(batch.ids()[row]);
        if (examples.empty()) return;
        warn({.code = "few_steps_to_leave_walls",
              .message = std::to_string(*steps) +
                         " steps are too few at this rate to leave the walls of the box, so values "
                         "there start away from them and the distances found are too long",
              .remedy = "let steps times rate be 8 or more, here " +
                        std::to_string(static_cast<std::int64_t>(std::ceil(8 / *rate))) + " steps",
              .pointer = "/steps",
              .count = std::ssize(examples),
              .examples = examples});
    }

    void start(const spar::AttackBatch &batch) {
        const Box box(batch.ball());
        points_.begin(batch, 1);
        for (spar::Matrix *m : {&w_, &x_, &first_, &second_})
            m->resize(batch.count(), batch.size());
        for_rows(batch.count(), [&](std::int64_t row) {
            for (std::size_t i = 0; i < w_[row].size(); ++i) {
                w_[row][i] = box.inverse(batch.x()[row][i], start_limit());
                x_[row][i] = box.value(w_[row][i]);
                first_[row][i] = second_[row][i] = 0;
            }
            batch.ball().clamp(x_[row]);
            batch.hold_masked(row, x_[row]);
        });
        for (Search &search : search_) {
            search.found = false;
            search.checked = std::numeric_limits<double>::infinity();
        }
    }

    void descend(const spar::Oracle &oracle, const spar::AttackBatch &batch, std::int64_t step) {
        const std::int64_t outputs = oracle.outputs();
        auto margin = [&](std::int64_t first, std::int64_t count, const float *z, float *gradient) {
            if (gradient == nullptr) return;
            const spar::Rows<const float> rows(z, count, outputs);
            const spar::Rows<float> out(gradient, count, outputs);
            for (std::int64_t i = 0; i < count; ++i) {
                const std::int64_t row = points_.live()[static_cast<std::size_t>(first + i)];
                const spar::Race race = spar::race(batch, row, rows[i]);
                const bool won =
                    race.lead(rows[i]) >= *confidence && spar::missing(race, rows[i]) <= 0;
                race.gradient(won ? 0 : -search_[static_cast<std::size_t>(row)].constant, out[i]);
            }
        };
        points_.ask(oracle, x_, {.gradient = true, .outputs = true, .head = margin});
        for_rows(points_.live_count(), [&](std::int64_t k) { judge(batch, k); });
        for_rows(points_.live_count(), [&](std::int64_t k) { adam(batch, k, step); });
        if (*abort_early && step % std::max<std::int64_t>(*steps / 10, 1) == 0)
            points_.drop([&](std::int64_t row) {
                Search &search = search_[static_cast<std::size_t>(row)];
                const bool stuck = !(search.cost <= 0.9999 * search.checked);
                search.checked = search.cost;
                return stuck;
            });
    }

    void judge(const spar::AttackBatch &batch, std::int64_t k) {
        const std::int64_t row = points_.live()[static_cast<std::size_t>(k)];
        Search &search = search_[static_cast<std::size_t>(row)];
        const auto outputs = points_.outputs[k];
        const double distance = batch.ball().distance(batch.x()[row], x_[row]);
        const double lead = spar::race(batch, row, outputs).lead(outputs);
        const double relative = distance / Box(batch.ball()).width();
        search.cost = relative * relative + search.constant * std::max(-lead, -*confidence);
        if (!batch.success(row, outputs) || !(lead >= *confidence)) return;
        search.found = true;
        if (!(distance * distance < search.best)) return;
        search.best = distance * distance;
        // x_adv must be inside the ball at all times; a point beyond eps is projected, and fails.
        std::ranges::copy(x_[row], batch.x_adv()[row].begin());
        batch.ball().project(batch.x()[row], batch.x_adv()[row]);
    }

    void adam(const spar::AttackBatch &batch, std::int64_t k, std::int64_t step) {
        constexpr double beta1 = 0.9, beta2 = 0.999;
        const Box box(batch.ball());
        const std::int64_t row = points_.live()[static_cast<std::size_t>(k)];
        const double correction1 = 1 - std::pow(beta1, step),
                     correction2 = 1 - std::pow(beta2, step);
        const double pull = 2 / (box.width() * box.width());
        const auto center = batch.x()[row];
        const std::span<float> w = w_[row], x = x_[row], m = first_[row], v = second_[row];
        for (std::size_t i = 0; i < w.size(); ++i) {
            const double at_x = pull * (double{x[i]} - center[i]) + points_.gradient[k][i];
            const double g = at_x * box.slope(w[i]);
            if (!std::isfinite(g)) continue;
            m[i] = static_cast<float>(beta1 * m[i] + (1 - beta1) * g);
            v[i] = static_cast<float>(beta2 * v[i] + (1 - beta2) * g * g);
            const double size = std::sqrt(v[i] / correction2) + 1e-8;
            w[i] -= static_cast<float>(*rate * (m[i] / correction1) / size);
            x[i] = box.value(w[i]);
        }
        batch.ball().clamp(x);
        batch.hold_masked(row, x);
    }

    spar::Points points_;
    spar::Matrix w_, x_, first_, second_;
    std::vector<Search> search_;
};

}  // namespace

SPAR_PLUGIN("cw", "1.0.0", CarliniWagner)
