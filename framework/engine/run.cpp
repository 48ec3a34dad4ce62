#include "engine/run.hpp"

#include "config/secrets.hpp"
#include "engine/checkpoint.hpp"
#include "engine/crafting.hpp"
#include "engine/files.hpp"
#include "engine/fitting.hpp"
#include "engine/kept_evaluation.hpp"
#include "engine/results.hpp"
#include "engine/run_folder.hpp"
#include "engine/safetensors.hpp"
#include "engine/same_run.hpp"
#include "engine/signals.hpp"
#include "engine/splits.hpp"
#include "engine/suspicions.hpp"
#include "engine/weights.hpp"
#include "pipeline/services.hpp"
#include "plugins/sha256.hpp"

#include <fmt/format.h>

namespace spar::host {
namespace fs = std::filesystem;
namespace {

class Run {
  public:
    Run(const Plan &plan, const Registry &registry, const RunOptions &options)
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
    void build();
    void build_training();
    EvaluationPlan build_validation(std::vector<std::int64_t> &training);
    void build_evaluation();
    std::vector<const Data *> data_in_use() const;
    void train();
    void save_model();
    void evaluate();
    /// What attacks without a loss of their own make grow in evaluation and validation; null where
    /// no such loss is installed.
    const spar_component_ref *attacked_loss(const Data &data);
    PreparedAttack prepare(const AttackPlan &attack, const Data &data,
                           const spar_component_ref *loss);
    fs::path checkpoint() const { return folder_ / "checkpoints" / "last.safetensors"; }
    /// Weights to start from are not missed by a training that has left them behind.
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

    std::unique_ptr<Data> train_data_, validation_data_, test_data_;
    std::unique_ptr<Network> network_;
    Meaning meaning_;  // of the data that the weights are trained on
    std::unique_ptr<Instance> loss_, crafting_loss_, attacked_loss_, method_;
    std::unique_ptr<Optimization> optimization_;
    std::unique_ptr<Augmentation> augmentation_;
    std::unique_ptr<TrainingSession> session_;
    std::optional<TrainingTask> training_;
    std::vector<std::unique_ptr<Instance>> attacks_;
    std::optional<EvaluationPlan> evaluation_;
    std::unique_ptr<Reporters> reporters_;
    TrainingState state_;
    Json made_with_, results_;
    std::vector<std::string> missed_;
};

void Run::open_data() {
    if (plan_.train)
        train_data_ = std::make_unique<Data>(make(SPAR_KIND_DATASET, plan_.data.train));
    if (plan_.evaluate)
        test_data_ = std::make_unique<Data>(make(SPAR_KIND_DATASET, plan_.data.test));
    if (plan_.train && plan_.data.validation)
        validation_data_ = std::make_unique<Data>(make(SPAR_KIND_DATASET, plan_.data.validation));
    if (!train_data_) return;
    if (test_data_) require_same_kind(*train_data_, *test_data_);
    if (validation_data_) require_same_kind(*train_data_, *validation_data_);
}

const spar_component_ref *Run::attacked_loss(const Data &data) {
    if (!attacked_loss_) {
        const Node &chosen = plan_.evaluate && plan_.evaluate->loss ? plan_.evaluate->loss
                             : data.classes()                       ? plan_.attacked_loss.on_classes
                             : loss_ && evaluated_alone(loss_->ref())
                                 ? plan_.train->loss
                                 : plan_.attacked_loss.on_values;
        if (!chosen) return nullptr;
        attacked_loss_ = make(SPAR_KIND_LOSS, chosen);
        rehearse_losses(*attacked_loss_, data, network_->outputs());
    }
    return &attacked_loss_->ref();
}

void Run::build() {
    open_data();
    const Data &data = train_data_ ? *train_data_ : *test_data_;
    network_ = std::make_unique<Network>(make(SPAR_KIND_MODEL, plan_.model), data);
    const bool given = !plan_.weights.empty() && !weights_left_behind();
    if (given) const SafetensorsFile sound(plan_.weights);  // before it is read for its sum
    made_with_ = made_with(registry_, plan_, data_in_use(), weights_left_behind());
    if (given) {
        require_as_its_run_left_it(plan_.weights, made_with_.at("weights_sha256"));
        meaning_ = load_weights(*network_, plan_.weights);
        require_meaning_of_weights(meaning_, plan_.weights, data, train_data_ != nullptr);
    }
    if (train_data_) meaning_ = meaning_of(*train_data_);
    if (plan_.train) build_training();
    if (plan_.evaluate) build_evaluation();
    reporters_ = build_reporters(plan_, registry_, builder_);
}

void Run::build_training() {
    const TrainPlan &plan = *plan_.train;
    network_->coarse_attacks = plan.coarse_attacks;
    loss_ = make(SPAR_KIND_LOSS, plan.loss);
    method_ = make(SPAR_KIND_METHOD, plan.method);
    for (const auto *part : {loss_.get(), method_.get()})
        rehearse_losses(*part, *train_data_, network_->outputs());
    optimization_ =
        std::make_unique<Optimization>(make(SPAR_KIND_OPTIMIZER, plan.optimizer), *network_,
                                       Clipping{plan.clip_norm, plan.clip_value}, plan.averaging);
    std::optional<spar_threat> threat;
    if (plan_.threat) {
        threat = threat_for(*plan_.threat, *train_data_, network_->outputs());
        warn_of_wide_ball(*threat, *plan_.threat, *plan.method.json, plan.method.pointer,
                          network_->size());
        threat->targeted = 0;  // training is against any class
    }
    session_ = std::make_unique<TrainingSession>(*network_, *optimization_, builder_, *method_,
                                                 loss_->ref(), threat,
                                                 plan_.threat ? plan_.threat->parameter : "");
    session_->pretrained = !plan_.weights.empty();
    crafting_loss_ = crafting_loss(builder_, plan_, *loss_, train_data_->classes());
    if (crafting_loss_) {
        rehearse_losses(*crafting_loss_, *train_data_, network_->outputs());
        session_->crafting_loss = &crafting_loss_->ref();
    }
    std::vector<std::int64_t> indices = index_range(0, train_data_->size());
    std::optional<EvaluationPlan> validation;
    if (plan_.data.validates()) validation = build_validation(indices);
    if (plan.examples && *plan.examples > std::ssize(indices))
        warn_of_few_examples("#/train/examples", *plan.examples, std::ssize(indices));
    indices = choose_examples(*train_data_, indices, plan.examples.value_or(std::ssize(indices)),
                              plan.split, builder_.key("train/examples"));
    std::vector<std::unique_ptr<Instance>> transforms;
    for (const Node &node : plan.augment) transforms.push_back(make(SPAR_KIND_TRANSFORM, node));
    augmentation_ = std::make_unique<Augmentation>(std::move(transforms), *train_data_);
    training_.emplace(TrainingTask{
        plan, *network_, *optimization_, *session_, *train_data_, std::move(indices),
        validation_data_ ? *validation_data_ : *train_data_, std::move(validation),
        builder_.key("train/order"), fingerprint_of(*plan_.resolved), checkpoint(), made_with_});
    training_->augmentation = augmentation_.get();
    refuse_single_example(*training_);
}

/// Takes the examples held out from those to train on.
EvaluationPlan Run::build_validation(std::vector<std::int64_t> &training) {
    const Data &data = validation_data_ ? *validation_data_ : *train_data_;
    EvaluationPlan validation;
    validation.indices = validation_examples(plan_.data, data, builder_.key("data/validation"));
    if (!validation_data_) training = remaining(training, validation.indices);
    validation.batch_size = 256;
    validation.loss = attacked_loss(data);
    validation.key = builder_.key("validation");
    if (const Node &attack = plan_.train->validate_attack)
        validation.attacks.push_back(
            prepare({"validation", attack, plan_.threat}, data, validation.loss));
    return validation;
}

PreparedAttack Run::prepare(const AttackPlan &attack, const Data &data,
                            const spar_component_ref *loss) {
    if (!attack.threat)
        throw Failure(Exit::pipeline,
                      fmt::format("#{}: the attack has no threat model: add \"threat\" to the "
                                  "pipeline or to the attack",
                                  attack.attack.pointer));
    if (loss == nullptr)
        throw Failure(Exit::pipeline,
                      "#/evaluate: attacks make \"cross_entropy\" grow on classes and \"mse\" on "
                      "values unless told otherwise, and no such loss is installed: give \"loss\" "
                      "here");
    attacks_.push_back(make(SPAR_KIND_ATTACK, attack.attack));
    rehearse_losses(*attacks_.back(), data, network_->outputs());
    const spar_threat threat = threat_for(*attack.threat, data, network_->outputs());
    warn_of_wide_ball(threat, *attack.threat, *attack.attack.json, attack.attack.pointer,
                      network_->size());
    rehearse_attack(*attacks_.back(), *network_, threat, loss, data.classes());
    return {attack.name, attacks_.back().get(), threat, attack.threat->target,
            attack.threat->target_class};
}

void Run::build_evaluation() {
    const EvaluatePlan &plan = *plan_.evaluate;
    check_evaluation(plan_, test_data_->classes());
    evaluation_.emplace();
    const std::int64_t all = test_data_->size();
    if (plan.examples && *plan.examples > all)
        warn_of_few_examples("#/evaluate/examples", *plan.examples, all);
    evaluation_->indices =
        choose_examples(*test_data_, index_range(0, all), plan.examples.value_or(all), plan.split,
                        builder_.key("evaluate/examples"));
    if (training_) warn_of_overlap(*training_, *test_data_, evaluation_->indices);
    evaluation_->batch_size = plan.batch_size;
    evaluation_->loss = attacked_loss(*test_data_);
    evaluation_->key = builder_.key("evaluate/targets");
    for (const AttackPlan &attack : plan.attacks)
        evaluation_->attacks.push_back(prepare(attack, *test_data_, evaluation_->loss));
}

void Run::train() {
    if (options_.resume && fs::exists(training_->checkpoint)) {
        const Json before = load_checkpoint(*training_, state_, options_.anyway);
        if (weights_left_behind())
            results_["provenance"]["weights_sha256"] = made_with_["weights_sha256"] =
                before.at("weights_sha256");
    }
    spar::host::train(*training_, state_, *reporters_);
    results_["train"] = training_results(state_);
    results_["train"]["crafting"] = to_json(crafting_of(plan_, registry_, train_data_->classes()));
    if (!state_.changes.empty()) results_["provenance"]["changes"] = change_results(state_.changes);
}

/// A model that changes and the results of the one before do not stand side by side.
void Run::save_model() {
    const fs::path model = folder_ / "model.safetensors", results = folder_ / "results.json";
    fs::remove(results);
    save_weights(*network_, meaning_, model);
    results_["model_sha256"] = sha256_of_file(model);
}

void Run::evaluate() {
    const Json made = {{"pipeline", fingerprint_of(*plan_.resolved)},
                       {"model_sha256", results_.at("model_sha256")},
                       {"made_with", json_without_secrets(made_with_)}};
    const EvaluationOutcome outcome =
        evaluate_and_keep(*network_, *test_data_, *evaluation_, *plan_.evaluate, *reporters_,
                          {folder_, made, options_.anyway});
    results_["evaluation"] = evaluation_results(outcome, *plan_.evaluate, evaluation_->attacks);
    missed_ = missed_thresholds(outcome, *plan_.evaluate);
}

std::vector<const Data *> Run::data_in_use() const {
    std::vector<const Data *> data;
    for (const auto *set : {&train_data_, &validation_data_, &test_data_})
        if (*set) data.push_back(set->get());
    return data;
}

RunOutcome Run::run() {
    const RunFolder in_use(folder_, *plan_.resolved, options_.resume);
    set_threads(options_.threads);
    const StopOnSignal stop_on_signal;
    build();
    results_ = {{"version", 1},
                {"name", plan_.name},
                {"seed", plan_.seed},
                {"plan", *plan_.resolved},
                {"provenance", provenance(registry_, plan_, data_in_use(), made_with_)}};

    in_use.begin();
    reporters_->begin(folder_, plan_.name, options_.terminal);
    if (plan_.train) train();
    save_model();
    if (plan_.evaluate) evaluate();
    results_["warnings"] = warning_results();
    results_ = json_without_secrets(results_);
    write_file(folder_ / "results.json", json_text(results_));
    fs::remove(log_of(folder_));  // all that it holds stands elsewhere now
    reporters_->finish(results_);
    if (reporters_->failure()) throw Failure(*reporters_->failure());
    return {folder_, std::make_shared<const Json>(results_), missed_};
}

}  // namespace

RunOutcome run_pipeline(const Plan &plan, const Registry &registry, const RunOptions &options) {
    return Run(plan, registry, options).run();
}

}  // namespace spar::host
