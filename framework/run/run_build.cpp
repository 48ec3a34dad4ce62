#include "run/run_under_way.hpp"

#include "base/warnings.hpp"
#include "engine/fit.hpp"
#include "engine/fitting.hpp"
#include "engine/stopping.hpp"
#include "run/same_run.hpp"
#include "run/splits.hpp"
#include "run/suspicions.hpp"

#include <fmt/format.h>

namespace spar::host {

void RunUnderWay::open_data() {
    if (plan_.train)
        train_data_ = std::make_unique<Data>(make(SPAR_KIND_DATASET, plan_.data.train));
    if (plan_.evaluate)
        test_data_ = std::make_unique<Data>(make(SPAR_KIND_DATASET, plan_.data.test));
    if (plan_.train && plan_.data.validation)
        validation_data_ = std::make_unique<Data>(make(SPAR_KIND_DATASET, plan_.data.validation));
    if (plan_.train && plan_.data.unlabelled)
        unlabelled_data_ = std::make_unique<Data>(make(SPAR_KIND_DATASET, plan_.data.unlabelled));
    encode_texts();
    if (!train_data_) return;
    if (train_data_->classes() && train_data_->info().outputs < 2)
        throw Failure(Exit::data,
                      fmt::format("#{}: all examples are of one class, so that there is nothing "
                                  "to tell apart: give data of two classes or more",
                                  plan_.data.train.pointer));
    if (test_data_) require_same_kind(*train_data_, *test_data_);
    if (validation_data_) require_same_kind(*train_data_, *validation_data_);
    if (unlabelled_data_) require_same_examples(*train_data_, *unlabelled_data_);
    if (!train_data_->tokens()) return;
    count_tokens(*train_data_, token_counts_);
    if (unlabelled_data_) count_tokens(*unlabelled_data_, token_counts_);
}

const spar_component_ref *RunUnderWay::loss_of_attacks(const Data &data) {
    if (!attacked_loss_) {
        const Node chosen = attacked_loss(plan_, loss_.get(), data.classes()).loss;
        if (!chosen) return nullptr;
        attacked_loss_ = make(SPAR_KIND_LOSS, chosen);
        rehearse_losses(*attacked_loss_, data, network_->outputs());
    }
    return &attacked_loss_->ref();
}

void RunUnderWay::build() {
    open_data();
    end_if_stopped("the data was opened");
    const Data &data = train_data_ ? *train_data_ : *test_data_;
    network_ = std::make_unique<Network>(make(SPAR_KIND_MODEL, plan_.model), data, token_counts_);
    const bool given = !plan_.weights.empty() && !weights_left_behind();
    if (given)
        // Before it is read for its hash.
        require_fitting_weights(*network_, plan_.weights, plan_.weights_map);
    made_with_ = made_with(registry_, plan_, *network_, data_in_use(), weights_left_behind());
    if (given) {
        require_as_its_run_left_it(plan_.weights, made_with_.at("weights_sha256"));
        const LoadedWeights loaded = load_weights(*network_, plan_.weights, plan_.weights_map);
        meaning_ = loaded.meaning;
        weights_taken_ = to_json(loaded.fitted);
        require_meaning_of_weights(meaning_, plan_.weights, data, train_data_ != nullptr);
    }
    if (train_data_) meaning_ = meaning_of(*train_data_);
    if (plan_.train) build_training();
    cut_texts();
    if (plan_.evaluate) build_evaluation();
    crafting_ = crafting_of(plan_, registry_, data.classes());
    reporters_ = build_reporters(plan_, registry_, builder_);
}

void RunUnderWay::build_training() {
    const TrainPlan &plan = *plan_.train;
    network_->coarse_attacks = plan.attack_precision == Precision::bf16;
    loss_ = make(SPAR_KIND_LOSS, plan.loss);
    method_ = make(SPAR_KIND_METHOD, plan.method);
    if (unlabelled_data_) require_use_of_unlabelled(*method_, plan_.data.unlabelled.pointer);
    for (const auto *part : {loss_.get(), method_.get()})
        rehearse_losses(*part, *train_data_, network_->outputs());
    optimization_ =
        std::make_unique<Optimization>(make(SPAR_KIND_OPTIMIZER, plan.optimizer), *network_,
                                       Clipping{plan.clip_norm, plan.clip_value}, plan.averaging);
    std::optional<spar_threat> threat;
    if (plan_.threat) {
        threat = threat_for(*plan_.threat, *train_data_, network_->outputs());
        warn_of_wide_ball(*threat, *plan_.threat, *plan.method.json, plan.method.pointer,
                          network_->shape());
        threat->targeted = 0;  // training is untargeted
    }
    session_ = std::make_unique<TrainingSession>(*network_, *optimization_, builder_, *method_,
                                                 loss_->ref(), threat,
                                                 plan_.threat ? plan_.threat->parameter : "");
    session_->pretrained = !plan_.weights.empty() || network_->has_own_weights();
    session_->data = train_data_.get();
    crafting_loss_ = crafting_loss(builder_, plan_, *loss_, train_data_->classes());
    if (crafting_loss_) {
        rehearse_losses(*crafting_loss_, *train_data_, network_->outputs());
        session_->crafting_loss = &crafting_loss_->ref();
    }
    std::vector<std::int64_t> indices = index_range(0, train_data_->size());
    std::optional<EvaluationTask> validation;
    if (plan_.data.validates()) validation = build_validation(indices);
    if (plan.examples && *plan.examples > std::ssize(indices))
        warn_of_few_examples("#/train/examples", *plan.examples, std::ssize(indices));
    const std::vector<std::int64_t> all = std::move(indices);
    indices = choose_examples(*train_data_, all, plan.examples.value_or(std::ssize(all)),
                              plan.split, builder_.key("train/examples"));
    warn_of_split(*train_data_, all, indices, {plan.split, "#/train/split"});
    std::vector<std::unique_ptr<Instance>> transforms;
    for (const Node &node : plan.augment) transforms.push_back(make(SPAR_KIND_TRANSFORM, node));
    augmentation_ = std::make_unique<Augmentation>(std::move(transforms), *train_data_);
    training_.emplace(
        TrainingTask{.plan = plan,
                     .network = *network_,
                     .optimization = *optimization_,
                     .session = *session_,
                     .data = *train_data_,
                     .indices = std::move(indices),
                     .validation_data = validation_data_ ? *validation_data_ : *train_data_,
                     .validation = std::move(validation),
                     .order_key = builder_.key("train/order"),
                     .fingerprint = fingerprint_of(*plan_.resolved),
                     .checkpoint = checkpoint(),
                     .made_with = made_with_,
                     .augmentation = augmentation_.get(),
                     .participants = participants(),
                     .tokenizer = tokenizer_text(meaning_),
                     .unlabelled = unlabelled_data_.get(),
                     .unlabelled_key = builder_.key("train/unlabelled")});
    refuse_single_example(*training_);
    if (validation_data_) warn_of_validation_overlap(*training_);
}

/// Everything that a training calls, including its validations.
std::vector<Participant> RunUnderWay::participants() const {
    std::vector<Participant> all{{"", &network_->instance()},
                                 {"", loss_.get()},
                                 {"", method_.get()},
                                 {"", &optimization_->instance()},
                                 {"", &train_data_->instance()}};
    for (const auto &transform : augmentation_->transforms()) all.push_back({"", transform.get()});
    if (validation_data_) all.push_back({"", &validation_data_->instance()});
    if (unlabelled_data_) all.push_back({"", &unlabelled_data_->instance()});
    for (const auto &attack : attacks_) all.push_back({"", attack.get()});
    if (attacked_loss_) all.push_back({"validation", attacked_loss_.get()});
    if (crafting_loss_) all.push_back({"crafting", crafting_loss_.get()});
    return all;
}

/// Batches of text are as long as their longest text if everything that works on them takes this.
/// Not where pairs of positions are attacked: random numbers for a pair would depend on the batch.
void RunUnderWay::cut_texts() {
    const bool model = network_->takes_lengths();
    const auto pairs = [](const std::optional<Threat> &threat) {
        return threat && threat->space == SPAR_SPACE_SITE;
    };
    const bool tested =
        plan_.evaluate && std::ranges::any_of(plan_.evaluate->attacks, pairs, &AttackPlan::threat);
    if (test_data_) test_data_->cut_to_longest = model && !tested;
    if (validation_data_) validation_data_->cut_to_longest = model && !pairs(plan_.threat);
    for (const auto *set : {&train_data_, &unlabelled_data_})
        if (*set) (*set)->cut_to_longest = model && takes_lengths(*method_);
}

/// Removes the held-out examples from those to train on.
EvaluationTask RunUnderWay::build_validation(std::vector<std::int64_t> &training) {
    const Data &data = validation_data_ ? *validation_data_ : *train_data_;
    EvaluationTask validation;
    validation.indices = validation_examples(plan_.data, data, builder_.key("data/validation"));
    warn_of_split(data, index_range(0, data.size()), validation.indices,
                  {plan_.data.validation_split, "#/data/validation/split", !validation_data_});
    if (!validation_data_) training = remaining(training, validation.indices);
    validation.batch_size = 256;
    validation.loss = loss_of_attacks(data);
    validation.key = builder_.key("validation");
    if (const Node &attack = plan_.train->validate_attack)
        validation.attacks.push_back(
            prepare({.name = "validation", .attack = attack, .threat = plan_.threat}, data,
                    validation.loss));
    return validation;
}

PreparedAttack RunUnderWay::prepare(const AttackPlan &attack, const Data &data,
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
                      network_->shape());
    std::shared_ptr<SiteSpace> site;
    if (threat.space == SPAR_SPACE_SITE)
        site =
            std::make_shared<SiteSpace>(*network_, threat.site, attack.threat->pointer + "/site");
    Space &space = site ? static_cast<Space &>(*site) : *network_;
    std::optional<AttackedTexts> no_texts;
    if (threat.space == SPAR_SPACE_TOKENS) no_texts.emplace(*network_, *data.tokenizer());
    rehearse_attack(*attacks_.back(), space, threat, loss, data.classes(),
                    no_texts ? &*no_texts : nullptr);
    return {.plan = attack, .attack = attacks_.back().get(), .threat = threat, .site = site};
}

void RunUnderWay::build_evaluation() {
    const EvaluatePlan &plan = *plan_.evaluate;
    check_evaluation(plan_, test_data_->classes(), network_->has_own_weights());
    evaluation_.emplace();
    const std::int64_t all = test_data_->size();
    if (plan.examples && *plan.examples > all)
        warn_of_few_examples("#/evaluate/examples", *plan.examples, all);
    evaluation_->indices =
        choose_examples(*test_data_, index_range(0, all), plan.examples.value_or(all), plan.split,
                        builder_.key("evaluate/examples"));
    warn_of_split(*test_data_, index_range(0, all), evaluation_->indices,
                  {plan.split, "#/evaluate/split"});
    if (training_) warn_of_overlap(*training_, *test_data_, evaluation_->indices);
    evaluation_->batch_size = plan.batch_size;
    evaluation_->loss = loss_of_attacks(*test_data_);
    evaluation_->key = builder_.key("evaluate/targets");
    if (plan.attention) evaluation_->attention = attention_of(*network_, "/evaluate/attention");
    for (const AttackPlan &attack : plan.attacks)
        evaluation_->attacks.push_back(prepare(attack, *test_data_, evaluation_->loss));
}

}  // namespace spar::host
