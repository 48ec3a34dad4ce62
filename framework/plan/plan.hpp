// The plan: a pipeline that has been read, checked and completed. The host's own parts are typed;
// components remain nodes, complete with their defaults, ready to be built.
#pragma once

#include "base/json.hpp"
#include "base/problems.hpp"
#include "base/warnings.hpp"
#include "plan/schedule.hpp"
#include "plan/weights_map.hpp"
#include "text/source.hpp"

#include <spar/abi.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spar::host {

class Origins;
class Registry;

/// A component of the plan. Null if the pipeline leaves it out.
struct Node {
    std::shared_ptr<const Json> json;  // {"type": ..., its parameters}, without the host's keys
    std::string pointer;               // its place in the plan: "/train/method"

    explicit operator bool() const { return json != nullptr; }
};

/// Which examples are chosen if only some of a set are used.
enum class Split { drawn, first, last };

/// The precision of passes that only an attack in training needs.
enum class Precision { f32, bf16 };

enum class Target { none, random, next, least_likely, one_class };

struct Threat {
    spar_norm norm = SPAR_NORM_LINF;
    double eps = 0;
    std::optional<double> lower, upper;  // if not given: the dataset's box
    spar_space space = SPAR_SPACE_INPUT;
    std::string parameter;                    // the parameter's name, in the space of parameters
    std::shared_ptr<const std::string> site;  // its name, in the space of a site; otherwise null
    Target target = Target::none;
    std::int64_t target_class = 0;  // for Target::one_class
    std::int64_t queries = 0;       // limit per example; 0: none
    spar_group group = SPAR_GROUP_NONE;
    std::string pointer;  // its place
};

struct DataPlan {
    Node train, validation, test;          // validation: a set of its own
    Node tokenizer;                        // of all of them, if they are texts
    std::int64_t max_length = 64;          // tokens of a text
    bool presence = false;                 // texts as sets of tokens
    Node unlabelled;                       // more examples to train on, whose labels are ignored
    std::int64_t validation_examples = 0;  // how many to hold out of train, or to use of
                                           // validation; 0: all
    Split validation_split = Split::drawn;

    bool validates() const { return validation || validation_examples > 0; }
};

/// A moving average of the weights.
struct Averaging {
    double decay = 0;     // share of the average kept by each step
    bool warm_up = true;  // see Optimization
};

struct TrainPlan {
    Node method, loss, optimizer;
    std::vector<Node> augment;  // transforms of the examples, in this order
    std::int64_t epochs = 1;
    std::int64_t batch_size = 128;
    std::int64_t unlabelled_batch_size = 0;  // of a step, beside those; 0: there is no such set
    bool drop_last = false;                  // the incomplete batch at the end of an epoch
    Schedule schedule;
    double eps_warmup_epochs = 0;                 // of a linear rise of eps from 0
    Precision attack_precision = Precision::f32;  // see SPAR_WANT_COARSE
    std::optional<double> clip_norm, clip_value;  // of the gradients
    std::optional<Averaging> averaging;           // of the weights
    std::optional<std::int64_t> examples;         // how many of train
    Split split = Split::drawn;                   // which
    Node validate_attack;                         // robust validation accuracy after each epoch
    std::int64_t checkpoint_every = 1;            // epochs
    bool keep_best = false;                       // otherwise the last epoch's weights
};

struct AttackPlan {
    std::string name;  // unique among the plan's attacks; safe as a file name
    Node attack;
    std::optional<Threat> threat;  // the pipeline's, overridden by its own; none if there is
                                   // neither
};

/// What attacks in evaluation and validation increase by default: on classes one loss, whatever the
/// model was trained with; on values the training loss if it can be evaluated alone, otherwise
/// another.
struct AttackedLoss {
    Node on_classes, on_values;
};

struct EvaluatePlan {
    std::optional<std::int64_t> examples;  // how many of test
    Split split = Split::drawn;            // which
    std::int64_t batch_size = 256;
    Node loss;  // the attacks'; if not given: AttackedLoss
    std::vector<AttackPlan> attacks;
    std::optional<double> least_clean_accuracy, least_robust_accuracy;  // if missed:
                                                                        // Exit::threshold
    bool attention = false;  // measure how far attention moves
    bool save_adversarial = true;
    bool compress_adversarial = false;
};

/// A file that the pipeline names, and the place where it does.
struct NamedFile {
    std::string pointer, path;  // "/data/train/images", absolute
};

struct Plan {
    std::string name;
    std::uint64_t seed = 1;
    DataPlan data;
    Node model;
    std::string weights;  // safetensors file to start from; empty: none
    WeightsMapPlan weights_map;
    std::optional<Threat> threat;
    std::optional<TrainPlan> train;
    std::optional<EvaluatePlan> evaluate;
    AttackedLoss attacked_loss;
    std::vector<Node> report;

    /// The whole pipeline with all defaults and absolute paths.
    std::shared_ptr<const Json> resolved;
    /// Files that it reads: data, weights, files of components.
    std::vector<NamedFile> files;
    bool of_version_1 = false;  /// as its author wrote it; `resolved` has the present version
    /// Where each value was written.
    std::shared_ptr<const Origins> origins;
    /// "p.json#/train/method": a place as messages name it, with the file or option in which it was
    /// written.
    std::string place(const std::string &pointer) const;
    /// A message that begins with a place in the plan ("#/train/method: ..."), with the file's name
    /// added.
    std::string with_file(const std::string &message) const;

    /// The warnings given while it was read.
    std::vector<Warning> warnings;
    /// Folder of the pipeline file.
    std::filesystem::path folder;

    /// The absolute path of a file named in the plan. Values that a schema declares as paths
    /// already are absolute.
    std::string path(const std::string &text) const { return (folder / text).string(); }
};

/// What a plan is for: to be run, or to have its model looked at, which needs no data and nothing
/// to do.
enum class PlanUse { run, model };

/// Reads a pipeline file and the files it extends, and checks it against the host's grammar and the
/// components' schemas. Throws PipelineError with all problems. Touches no data.
Plan load_plan(const std::filesystem::path &file, const std::vector<Setting> &settings,
               const Registry &registry, PlanUse use = PlanUse::run);

/// The same for a text that messages call `name`; paths are relative to `folder`.
Plan parse_plan(const std::string &text, const std::string &name,
                const std::filesystem::path &folder, const std::vector<Setting> &settings,
                const Registry &registry, PlanUse use = PlanUse::run);

/// A problem for each file of the plan that is missing or a folder. Reads none.
std::vector<Problem> missing_files(const Plan &plan);

}  // namespace spar::host
