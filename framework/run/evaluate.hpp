// Evaluation: clean accuracy, then every attack on the examples that are still right. The host
// decides success with its own forward pass; attacks are combined example by example.
#pragma once

#include "engine/attacker.hpp"
#include "engine/site_space.hpp"
#include "plan/plan.hpp"
#include "report/reporters.hpp"
#include "run/adversarial_files.hpp"
#include "run/attention.hpp"

#include <map>
#include <memory>

namespace spar::host {

/// An attack of the plan, built.
struct PreparedAttack {
    AttackPlan plan;  /// with a threat
    const Instance *attack;
    spar_threat threat;                 /// as components see it
    std::shared_ptr<SiteSpace> site{};  /// what is perturbed, if that is a site

    const std::string &name() const { return plan.name; }
    Target aim() const { return plan.threat->target; }
    std::int64_t aimed_class() const { return plan.threat->target_class; }
};

struct EvaluationTask {
    std::vector<std::int64_t> indices;  /// examples of the data, in order
    std::int64_t batch_size;
    const spar_component_ref *loss;  /// null: none
    std::vector<PreparedAttack> attacks;
    std::uint64_t key;                       /// of random targets
    std::vector<AttentionMaps> attention{};  /// whose movement is measured; empty: not
    std::int64_t kept_floats = 0;  /// of an example in the log, before how far attention moved
    /// Stores every example as it is completed, and supplies those that it already contains; null:
    /// none.
    ExamplesLog *log = nullptr;
    AdversarialFiles *files = nullptr;  /// made from the log; null: none
    std::filesystem::path adversarial;  /// folder of attacked texts, made from it; empty: none
};

/// How well outputs fit target values, over all examples and outputs.
struct Fit {
    double squares = 0;               /// sum of (output - value)^2
    double sum = 0, sum_squares = 0;  /// of the values
    std::int64_t count = 0;

    void add(std::span<const float> outputs, std::span<const float> values);
    void add(const Fit &other);
    /// Root mean squared error, and the share of the values' variance that the outputs explain. NaN
    /// without values, or without variance.
    double rmse() const;
    double r2() const;
};

struct AttackOutcome {
    std::string name;
    /// True if the example was misclassified on x already, or is on x_adv; with a target, if x_adv
    /// is classified as the target.
    std::vector<bool> success;
    std::vector<std::int64_t> targets;  /// per example; -1: no target
    /// Examples (index in the dataset) at the goal, but by a lead too small to count.
    std::vector<std::int64_t> marginal;
    std::vector<double> distances;  /// per example; NaN if it was not attacked
    double distance_sum = 0;        /// over attacked examples
    std::int64_t attacked = 0;      /// examples that were right on x
    /// The attack's stages, numbered from 1, and how many examples each broke.
    std::map<std::int64_t, std::pair<std::string, std::int64_t>> stages;
    std::int64_t forward_queries = 0, gradient_queries = 0;
    double loss_sum = 0;  /// at x_adv, over attacked examples
    double seconds = 0;
    double robust_accuracy = 0;
    /// Examples whose first gradient was exactly zero, and ids of the first few.
    std::int64_t zero_gradients = 0;
    std::vector<std::int64_t> zero_gradient_ids;
    Fit fit;                               /// of values, at x_adv
    std::vector<AttentionMaps> attention;  /// empty: not measured
    std::vector<double> moved;             /// sums over attacked examples, for each map's heads

    /// Starts with every example in the state it has if not attacked: wrong or right on x.
    AttackOutcome(std::string name, const std::vector<bool> &correct);
    /// Adds an attacked example. Call it in the order of rows, so that sums do not depend on where
    /// a run was stopped.
    void add(const ExampleResult &result);
    void add_moved(std::span<const float> example);
    /// Adds a row for each of them, even if it breaks nothing.
    void note_stages(const std::vector<std::string> &names);
};

/// Whether an example is broken at its outputs: target and label, or values, are known to `result`
/// and `values`. `aims`: at the target.
void judge(ExampleResult &result, std::span<const float> outputs, std::span<const float> values,
           bool classes, bool aims);

/// The stage that broke the example, if the attack noted it, otherwise the last one that it
/// withstood. `row` is the example's place in the attack's batch.
void note_stage(ExampleResult &result, std::int64_t row, const QueryCount &queries);

struct EvaluationOutcome {
    std::vector<std::int64_t> indices, labels;
    std::vector<bool> correct;       /// per example, on x
    double clean_accuracy = 0;       /// NaN for regression
    double clean_loss = 0;           /// mean; NaN without a loss
    Fit fit;                         /// of values, on x
    double worst_case_accuracy = 0;  /// right on x and under every attack
    std::vector<AttackOutcome> attacks;
    std::int64_t attention_heads = 0;  /// whose movement is measured
    double seconds = 0;
    double storing_seconds = 0;  /// of these, spent waiting for the log and the files
};

/// `reporters` may be null. Throws Failure(Exit::stopped) if the run is being stopped.
EvaluationOutcome evaluate(Network &network, const Data &data, const EvaluationTask &plan,
                           Reporters *reporters, const std::string &label);

/// The 95 % interval of a share (Wilson 1927).
std::pair<double, double> share_interval(double share, std::int64_t count);

}  // namespace spar::host
