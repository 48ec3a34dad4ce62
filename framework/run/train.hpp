// Training: epochs of batches, each a step of the method and of the optimizer. TrainingState
// contains everything that a run has accumulated, so that a stopped run continues as if it had not
// stopped.
#pragma once

#include "engine/augmentation.hpp"
#include "engine/session.hpp"
#include "instances/state.hpp"
#include "plan/plan.hpp"
#include "run/epoch_record.hpp"
#include "run/evaluate.hpp"

#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace spar::host {

/// What had changed when a run was resumed, and at which step.
struct Change {
    std::int64_t step;
    std::string what;
};

struct TrainingState {
    std::int64_t step = 0;  /// batches done
    /// Sums over the finished batches of the current epoch.
    double loss = 0, seconds = 0;
    std::int64_t correct = 0, seen = 0, forward_examples = 0, backward_examples = 0;
    std::map<std::string, std::pair<double, std::int64_t>> reported;
    std::vector<EpochRecord> epochs;
    std::int64_t planned_epochs = 0;
    std::vector<Change> changes;
    /// With keep "best": the epoch, its score, and a copy of every parameter.
    std::int64_t best_epoch = -1;
    double best_score = -std::numeric_limits<double>::infinity();
    std::vector<std::vector<float>> best;
    /// Of the first batch with the full eps, to judge whether anything was learned.
    double first_loss = std::numeric_limits<double>::quiet_NaN();
};

struct TrainingTask {
    const TrainPlan &plan;
    Network &network;
    Optimization &optimization;
    TrainingSession &session;
    const Data &data;
    std::vector<std::int64_t> indices;
    const Data &validation_data;
    std::optional<EvaluationTask> validation;  /// of its examples
    std::uint64_t order_key;
    std::string fingerprint;           /// of the plan; a checkpoint with another is refused
    std::filesystem::path checkpoint;  /// the file
    Json made_with;                    /// see same_run.hpp
    const Augmentation *augmentation = nullptr;
    std::vector<Participant> participants;  /// the components whose state a checkpoint holds
    std::string tokenizer = {};             /// see tokenizer_text(); empty: none
    const Data *unlabelled = nullptr;       /// examples without labels that every batch has besides
    std::uint64_t unlabelled_key = 0;       /// of their order
};

/// Before anything is trained: refuses, with Failure(Exit::pipeline), a last batch of a single
/// example if the model cannot train on that (batch normalisation).
void refuse_single_example(const TrainingTask &task);

/// Trains to the end and leaves the weights that the plan keeps in the network. If asked to stop,
/// saves a checkpoint and throws Failure(Exit::stopped).
void train(const TrainingTask &task, TrainingState &state, Reporters &reporters);

}  // namespace spar::host
