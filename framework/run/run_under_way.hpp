// A run in progress: the parts built from a plan, in order of construction. run_build.cpp builds
// them; run.cpp trains, evaluates and records.
#pragma once

#include "engine/augmentation.hpp"
#include "engine/crafting.hpp"
#include "plugins/registry.hpp"
#include "run/run.hpp"
#include "run/run_files.hpp"
#include "run/train.hpp"
#include "weights/weights.hpp"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

namespace spar::host {
namespace fs = std::filesystem;

class RunUnderWay {
  public:
    RunUnderWay(const Plan &plan, const Registry &registry, const RunOptions &options)
        : plan_(plan),
          registry_(registry),
          options_(options),
          folder_(fs::absolute(options.out.empty() ? fs::path("runs") / plan.name : options.out)),
          builder_(registry, plan.seed, [&plan](const std::string &, const std::string &text) {
              return plan.path(text);
          }) {}

    RunOutcome run();

  private:
    void open_data();
    std::vector<Data *> text_data() const;
    std::optional<std::pair<TokenizerState, fs::path>> kept_tokenizer() const;
    void encode_texts();
    void learn_vocabulary();
    void cut_texts();
    void build();
    void build_training();
    std::vector<Participant> participants() const;
    EvaluationTask build_validation(std::vector<std::int64_t> &training);
    void build_evaluation();
    std::vector<const Data *> data_in_use() const;
    void train();
    void settle();
    void save_model();
    void evaluate();
    /// What attacks without a loss of their own increase in evaluation and validation; null if no
    /// such loss is installed.
    const spar_component_ref *loss_of_attacks(const Data &data);
    PreparedAttack prepare(const AttackPlan &attack, const Data &data,
                           const spar_component_ref *loss);
    fs::path checkpoint() const {
        return folder_ / run_files::checkpoints / run_files::last_checkpoint;
    }
    /// Whether a resumed training no longer needs the weights it started from.
    bool weights_left_behind() const {
        return options_.resume && plan_.train && fs::exists(checkpoint()) &&
               !fs::exists(plan_.weights);
    }
    std::unique_ptr<Instance> make(spar_kind kind, const Node &node) const {
        return builder_.build(kind, *node.json, node.pointer);
    }

    const Plan &plan_;
    const Registry &registry_;
    const RunOptions &options_;
    fs::path folder_;
    Builder builder_;

    std::unique_ptr<Tokenizer> tokenizer_;
    std::unique_ptr<Data> train_data_, unlabelled_data_, validation_data_, test_data_;
    std::vector<std::int64_t> token_counts_;  // of what is trained on, if that is text
    std::unique_ptr<Network> network_;
    Meaning meaning_;  // of the data on which the weights are trained
    std::unique_ptr<Instance> loss_, crafting_loss_, attacked_loss_, method_;
    std::unique_ptr<Optimization> optimization_;
    std::unique_ptr<Augmentation> augmentation_;
    std::unique_ptr<TrainingSession> session_;
    std::optional<TrainingTask> training_;
    std::vector<std::unique_ptr<Instance>> attacks_;
    std::optional<EvaluationTask> evaluation_;
    std::vector<Crafting> crafting_;
    std::unique_ptr<Reporters> reporters_;
    TrainingState state_;
    Json made_with_, weights_taken_, results_;
    std::vector<std::string> missed_;
};

}  // namespace spar::host
