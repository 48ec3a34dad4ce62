// The plan: a pipeline once it is read, checked and filled in. The host's own parts are typed;
// components stay nodes, complete with their defaults, ready to be built.
#pragma once

#include "base/json.hpp"
#include "base/problems.hpp"
#include "base/warnings.hpp"
#include "plan/schedule.hpp"
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

/// A component of the plan. Null where the pipeline leaves it out.
struct Node {
    std::shared_ptr<const Json> json;  // {"type": ..., its parameters}, host's keys taken out
    std::string pointer;               // where it stands in the plan: "/train/method"

    explicit operator bool() const { return json != nullptr; }
};

/// Which examples of a set stand for a part of it.
enum class Split { drawn, first, last };

/// Of passes that only an attack during training needs.
enum class Precision { f32, bf16 };

enum class Target { none, random, next, least_likely, one_class };

struct Threat {
    spar_norm norm = SPAR_NORM_LINF;
    double eps = 0;
    std::optional<double> lower, upper;  // without: the dataset's box
    spar_space space = SPAR_SPACE_INPUT;
    std::string parameter;  // its name, in the space of parameters
    Target target = Target::none;
    std::int64_t target_class = 0;  // for Target::one_class
    std::int64_t queries = 0;       // most an example; 0: no limit
    spar_group group = SPAR_GROUP_NONE;
    std::string pointer;  // where it stands
};

struct DataPlan {
    Node train, validation, test;          // validation: a set of its own
    std::int64_t validation_examples = 0;  // held out of train, or so many of validation; 0: all
    Split validation_split = Split::drawn;

    bool validates() const { return validation || validation_examples > 0; }
};

/// A moving average.
struct Averaging {
    double decay = 0;     // share of the average that each step keeps
    bool warm_up = true;  // see Optimization
};

struct TrainPlan {
    Node method, loss, optimizer;
    std::vector<Node> augment;  // transforms of the examples, in this order
    std::int64_t epochs = 1;
    std::int64_t batch_size = 128;
    bool drop_last = false;  // what makes no whole batch at the end of an epoch
    Schedule schedule;
    double eps_warmup_epochs = 0;                 // of a straight rise of eps from 0
    Precision attack_precision = Precision::f32;  // see SPAR_WANT_COARSE
    std::optional<double> clip_norm, clip_value;  // of the gradients
    std::optional<Averaging> averaging;           // of the weights
    std::optional<std::int64_t> examples;         // so many of train
    Split split = Split::drawn;                   // which
    Node validate_attack;                         // robust validation accuracy after each epoch
    std::int64_t checkpoint_every = 1;            // epochs
    bool keep_best = false;                       // else the last epoch's weights
};

struct AttackPlan {
    std::string name;  // unique among the plan's attacks; safe as a file name
    Node attack;
    std::optional<Threat> threat;  // the pipeline's, overridden by its own; none: neither is there
};

/// What attacks in evaluation and validation make grow where the pipeline does not say: on classes
/// one loss, whatever the model was trained with; on values the training loss where it can be
/// evaluated alone, otherwise another.
struct AttackedLoss {
    Node on_classes, on_values;
};

struct EvaluatePlan {
    std::optional<std::int64_t> examples;  // so many of test
    Split split = Split::drawn;            // which
    std::int64_t batch_size = 256;
    Node loss;  // the attacks'; without: AttackedLoss
    std::vector<AttackPlan> attacks;
    std::optional<double> least_clean_accuracy, least_robust_accuracy;  // else Exit::threshold
    bool save_adversarial = true;
    bool compress_adversarial = false;
};

/// A file that the pipeline names, and where it names it.
struct NamedFile {
    std::string pointer, path;  // "/data/train/images", absolute
};

struct Plan {
    std::string name;
    std::uint64_t seed = 1;
    DataPlan data;
    Node model;
    std::string weights;  // safetensors file to start from; empty: none
    std::optional<Threat> threat;
    std::optional<TrainPlan> train;
    std::optional<EvaluatePlan> evaluate;
    AttackedLoss attacked_loss;
    std::vector<Node> report;

    /// The whole pipeline with everything filled in and the paths of files absolute.
    std::shared_ptr<const Json> resolved;
    /// Files that it reads: data, weights, whatever a component takes.
    std::vector<NamedFile> files;
    bool of_version_1 = false;  /// its author wrote; `resolved` says the present version
    /// Where each value was written.
    std::shared_ptr<const Origins> origins;
    /// "p.json#/train/method": how messages call a place, with the file or option it was written
    /// in.
    std::string place(const std::string &pointer) const;
    /// A message that begins with a place in the plan ("#/train/method: ...") with its file's name.
    std::string with_file(const std::string &message) const;

    /// What was told while it was read.
    std::vector<Warning> warnings;
    /// Folder of the pipeline file.
    std::filesystem::path folder;

    /// A file named in the plan, absolute. What a schema calls a path already is.
    std::string path(const std::string &text) const { return (folder / text).string(); }
};

/// Reads a pipeline file and whatever it extends, and checks it against the host's grammar and the
/// components' schemas. Throws PipelineError with everything that is wrong. Touches no data.
Plan load_plan(const std::filesystem::path &file, const std::vector<Setting> &settings,
               const Registry &registry);

/// The same for a text; paths are relative to `folder`, messages call it `name`.
Plan parse_plan(const std::string &text, const std::string &name,
                const std::filesystem::path &folder, const std::vector<Setting> &settings,
                const Registry &registry);

/// A problem for each file of the plan that is not there, or is a folder. Reads none.
std::vector<Problem> missing_files(const Plan &plan);

}  // namespace spar::host
