// Evaluation: clean accuracy, then every attack on the examples that are still right. The host
// decides success with its own forward pass; attacks are combined example by example.
#pragma once

#include "engine/attacker.hpp"
#include "plan/plan.hpp"
#include "report/reporters.hpp"
#include "run/adversarial_files.hpp"

#include <map>

namespace spar::host {

/// An attack of the plan, built.
struct PreparedAttack {
    AttackPlan plan;  /// with a threat
    const Instance *attack;
    spar_threat threat;  /// as components see it

    const std::string &name() const { return plan.name; }
    Target aim() const { return plan.threat->target; }
    std::int64_t aimed_class() const { return plan.threat->target_class; }
};

struct EvaluationTask {
    std::vector<std::int64_t> indices;  /// examples of the data, in order
    std::int64_t batch_size;
    const spar_component_ref *loss;  /// null: none
    std::vector<PreparedAttack> attacks;
    std::uint64_t key;  /// of random targets
    /// Where every example is kept as it is done, and what it holds already is taken from; null:
    /// not kept.
    ExamplesLog *log = nullptr;
    AdversarialFiles *files = nullptr;  /// made of the log; null: none
};

/// How well outputs fit target values, over examples and outputs.
struct Fit {
    double squares = 0;               /// sum of (output - value)^2
    double sum = 0, sum_squares = 0;  /// of the values
    std::int64_t count = 0;

    void add(std::span<const float> outputs, std::span<const float> values);
    void add(const Fit &other);
    /// Root of the mean squared error, and the share of the values' variance that the outputs
    /// explain. Not a number where there are no values, or no variance.
    double rmse() const;
    double r2() const;
};

struct AttackOutcome {
    std::string name;
    /// Per example: wrong on x before; or wrong on x_adv, and with targets the class aimed at.
    std::vector<bool> success;
    std::vector<std::int64_t> targets;  /// per example; -1 where none was aimed at
    /// Examples (index in the dataset) that a lead too small to count leads to the goal.
    std::vector<std::int64_t> marginal;
    std::vector<double> distances;  /// per example; not a number where it was not attacked
    double distance_sum = 0;        /// over attacked examples
    std::int64_t attacked = 0;      /// examples that were right on x
    /// By their place in the attack, from 1: its stages, and how many examples each broke.
    std::map<std::int64_t, std::pair<std::string, std::int64_t>> stages;
    std::int64_t forward_queries = 0, gradient_queries = 0;
    double loss_sum = 0;  /// at x_adv, over attacked examples
    double seconds = 0;
    double robust_accuracy = 0;
    /// Examples whose first gradient was exactly zero, and ids of the first few.
    std::int64_t zero_gradients = 0;
    std::vector<std::int64_t> zero_gradient_ids;
    Fit fit;  /// of values, at x_adv

    /// Begins with every example as it is where it is not attacked: wrong on x, or right.
    AttackOutcome(std::string name, const std::vector<bool> &correct);
    /// Adds an example that was attacked. In the order of rows, for sums that do not depend on
    /// where a run was stopped.
    void add(const ExampleResult &result);
    /// Has a row for each of them, also for those that break nothing.
    void note_stages(const std::vector<std::string> &names);
};

/// The stage that broke the example, as far as the attack noted it, or the last that it withstood.
/// `row` is the example's place in the attack's batch.
void note_stage(ExampleResult &result, std::int64_t row, const QueryCount &queries);

struct EvaluationOutcome {
    std::vector<std::int64_t> indices, labels;
    std::vector<bool> correct;       /// per example, on x
    double clean_accuracy = 0;       /// not a number for regression
    double clean_loss = 0;           /// mean; not a number without a loss
    Fit fit;                         /// of values, on x
    double worst_case_accuracy = 0;  /// right on x and under every attack
    std::vector<AttackOutcome> attacks;
    double seconds = 0;
    double storing_seconds = 0;  /// of these, spent on waiting for the log and the files
};

/// `reporters` may be null. Throws Failure(Exit::stopped) when the run is being stopped.
EvaluationOutcome evaluate(Network &network, const Data &data, const EvaluationTask &plan,
                           Reporters *reporters, const std::string &label);

/// 95 % interval of a share (Wilson 1927).
std::pair<double, double> share_interval(double share, std::int64_t count);

}  // namespace spar::host
