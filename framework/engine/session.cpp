#include "engine/session.hpp"

#include "engine/foreign_head.hpp"
#include "engine/loss_head.hpp"

#include <spar/loss.hpp>
#include <spar/philox.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

namespace spar::host {

namespace {

/// The error for a method that breaks the session's contract.
Error misused(const std::string &message) {
    return {SPAR_E_CONTRACT, message};
}

/// Steps that count the rows they move, to detect a model that takes fewer or more.
struct CountedSteps {
    const Instance &method;
    spar_stage_steps theirs{};
    std::atomic<std::int64_t> rows{0};

    spar_stage_steps table() {
        spar_stage_steps counted = theirs;
        counted.ascent = move;
        counted.ascent_context = this;
        return counted;
    }
    static spar_status move(void *context, std::int64_t first, std::int64_t count, float *x,
                            const float *dx, spar_error *error) {
        auto &self = *static_cast<CountedSteps *>(context);
        self.rows += count;
        return call_back(self.method, "an ascent", error, [&](spar_error *e) {
            return self.theirs.ascent(self.theirs.ascent_context, first, count, x, dx, e);
        });
    }
};

}  // namespace

TrainingSession::TrainingSession(Network &network, Optimization &optimization,
                                 const Builder &builder, const Instance &method,
                                 const spar_component_ref &loss,
                                 const std::optional<spar_threat> &threat,
                                 const std::string &parameter)
    : network_(network),
      optimization_(optimization),
      builder_(builder),
      method_(method),
      parameter_(parameter.empty() ? nullptr
                                   : std::make_unique<ParameterSpace>(network, parameter)),
      site_(threat && threat->space == SPAR_SPACE_SITE
                ? std::make_unique<SiteSpace>(network, threat->site, "/threat/site")
                : nullptr),
      space_(parameter_ ? static_cast<Space &>(*parameter_)
             : site_    ? static_cast<Space &>(*site_)
                        : network),
      loss_(loss),
      threat_(threat) {}

TrainingSession::Outcome TrainingSession::run(const Batch &batch, const Place &place) {
    batch_ = &batch;
    place_ = place;
    threat_now_ = threat_;
    if (threat_now_) threat_now_->eps *= place.eps_factor;
    // A count stays whole while it rises; a share of words stays a share.
    if (threat_now_ && threat_now_->norm == SPAR_NORM_L0 && threat_->eps >= 1)
        threat_now_->eps = std::floor(threat_now_->eps);
    limits_.clear();
    if (threat_now_ && threat_now_->norm == SPAR_NORM_L0)
        limits_.assign(static_cast<std::size_t>(batch.count),
                       static_cast<std::int64_t>(threat_now_->eps));
    outcome_ = {};
    outcome_known_ = false;
    if (parameter_)
        parameter_->attend(batch);
    else
        renew();
    begin_texts();
    prepare(method_);
    gradients(method_);
    return outcome_;
}

void TrainingSession::parameters_changed() {
    network_.parameters_changed();
    if (parameter_)
        parameter_->renew();
    else
        renew();
}

void TrainingSession::renew() {
    if (!batch_->tokens.empty()) network_.embed(*batch_, vectors_);
    if (site_) site_->attend(examples());
}

Space::Points TrainingSession::points(const float *x) const {
    if (parameter_) return parameter_->points(x);
    if (site_) return site_->points(x);
    Space::Points all = examples();
    if (x != nullptr) all.x = x;
    return all;
}

Space::Points TrainingSession::examples() const {
    const bool tokens = !batch_->tokens.empty();
    return {batch_->count, tokens ? vectors_.data() : batch_->x.data(), batch_->ids.data(),
            tokens ? batch_->tokens.data() : nullptr, tokens ? batch_->mask.data() : nullptr};
}

void TrainingSession::pass(const spar_session_pass &p) {
    CountedSteps steps{method_};
    if (p.stage_steps != nullptr) {
        steps.theirs = read_struct(p.stage_steps);
        check(p, steps.theirs);
    }
    outputs_.resize(batch_->count, network_.outputs());
    losses_.resize(static_cast<std::size_t>(batch_->count));
    float *outputs = p.outputs != nullptr ? p.outputs : outputs_.data();
    float *losses = p.loss_values != nullptr ? p.loss_values : losses_.data();

    LossHead loss{.loss = p.loss != nullptr ? p.loss : &loss_, .outputs = network_.outputs()};
    loss.weight = static_cast<float>(p.weight);
    loss.labels = p.labels;
    loss.values = p.values;
    give_labels(loss);
    loss.reference = p.reference;
    loss.ids = batch_->ids.data();
    loss.key = loss_key();
    loss.loss_values = losses;

    spar_pass pass{};
    pass.mode = p.mode;
    pass.tape = p.tape;
    pass.key = mix_key(mix_key(network_.instance().key(), static_cast<std::uint64_t>(place_.step)),
                       static_cast<std::uint64_t>(p.draw));
    pass.outputs = outputs;
    pass.dx = p.dx;
    const spar_stage_steps counted = steps.table();
    pass.stage_steps = p.stage_steps != nullptr ? &counted : nullptr;
    ForeignHead head{method_, p.head, p.head_context};
    if (p.forward_only == 0) {
        pass.wants = p.wants;
        pass.head = p.head != nullptr ? ForeignHead::evaluate : LossHead::evaluate;
        pass.head_context = p.head != nullptr ? static_cast<void *>(&head) : &loss;
    }
    Space::Points at = texts_ ? text_points(p) : points(p.x);
    if (p.sites != nullptr) at.sites = {p.sites, static_cast<std::size_t>(p.site_count)};
    space_.pass(at, pass);
    if (const std::int64_t wanted = steps.theirs.count * batch_->count; steps.rows != wanted)
        throw Failure(Exit::plugin,
                      fmt::format("#{}: the model moved {} rows in steps through its first stage, "
                                  "expected {} steps of {} rows",
                                  network_.instance().pointer(), steps.rows.load(),
                                  steps.theirs.count, batch_->count));
    if (parameter_)
        note_outcome(p, parameter_->example_outputs(), parameter_->example_losses());
    else
        note_outcome(p, outputs, losses);
}

void TrainingSession::note_outcome(const spar_session_pass &p, const float *outputs,
                                   float *losses) {
    const bool pulled = p.forward_only == 0 && (p.wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0;
    const bool taped = p.tape != 0 && p.mode == SPAR_MODE_TRAIN;
    if (outcome_known_ || !(pulled || taped)) return;
    outcome_known_ = true;
    const std::int64_t width = network_.outputs();
    if (p.head != nullptr || p.forward_only != 0) {  // report the pipeline's loss anyway
        LossHead loss{.loss = &loss_, .outputs = width};
        give_labels(loss);
        loss.reference = p.reference != nullptr ? p.reference : outputs;
        loss.ids = batch_->ids.data();
        loss.loss_values = losses;
        checked([&](spar_error *e) {
            return LossHead::evaluate(&loss, 0, batch_->count, outputs, nullptr, e);
        });
    }
    for (std::int64_t i = 0; i < batch_->labelled(); ++i) {
        outcome_.loss += double{losses[i]};
        const float *row = outputs + i * width;
        if (const std::int64_t *labels = batch_->label_data())
            outcome_.correct += std::max_element(row, row + width) - row == labels[i] ? 1 : 0;
    }
}

AttackTask TrainingSession::attack_task(const spar_component_ref *attack,
                                        const spar_objective *objective, std::int64_t draw) const {
    if (attack == nullptr) throw misused("the method has no attack to run");
    if (!threat_now_)
        throw Failure(Exit::pipeline,
                      "#/threat: the training method runs an attack, which needs a "
                      "threat model; add \"threat\": {\"norm\": ..., \"eps\": ...}");
    const Instance &instance = builder_.find(*attack);
    AttackTask task{};
    task.attack = &instance;
    task.space = &space_;
    const spar_component_ref *fallback = crafting_loss != nullptr ? crafting_loss : &loss_;
    task.loss = objective != nullptr && objective->loss != nullptr ? objective->loss : fallback;
    task.batch.threat = &*threat_now_;
    task.batch.purpose = SPAR_PURPOSE_TRAIN;
    task.mode = objective != nullptr ? objective->mode : SPAR_MODE_EVAL;
    task.batch.key = mix_key(mix_key(instance.key(), static_cast<std::uint64_t>(place_.step)),
                             static_cast<std::uint64_t>(draw));
    task.model_key = mix_key(network_.instance().key(), static_cast<std::uint64_t>(place_.step));
    task.set_points(points(nullptr));
    if (objective != nullptr && objective->count > 0) {
        if (objective->count > task.batch.count) throw misused("more examples than the batch has");
        task.batch.count = objective->count;
    }
    if (!parameter_) task.batch.count = std::min(task.batch.count, batch_->labelled());
    task.batch.labels = parameter_ ? nullptr : batch_->label_data();
    task.batch.values = parameter_ ? nullptr : batch_->value_data();
    task.reference = objective != nullptr ? objective->reference : nullptr;
    return task;
}

void TrainingSession::attack(const spar_component_ref *attack, const spar_objective *objective,
                             std::int64_t draw, float *x_adv) {
    if (texts_)
        throw Error(SPAR_E_UNSUPPORTED,
                    "where texts are attacked, the result is tokens: use attack_tokens");
    run_attack(attack_task(attack, objective, draw), x_adv, queries_);
}

float *TrainingSession::tensor(const std::string &name, std::int64_t size,
                               spar_tensor_flags flags) {
    if (size < 1) throw misused(fmt::format("tensor \"{}\" of {} values", name, size));
    MethodTensor &tensor = tensors_[name];
    if (tensor.values.empty()) tensor.values.resize(static_cast<std::size_t>(size));
    if (tensor.values.size() != static_cast<std::size_t>(size))
        throw misused(
            fmt::format("tensor \"{}\" has {} values, not {}", name, tensor.values.size(), size));
    tensor.saved = (flags & SPAR_TENSOR_SAVED) != 0;
    return tensor.values.data();
}

void TrainingSession::check(const spar_session_pass &pass, const spar_stage_steps &steps) const {
    if (parameter_)
        throw Error(SPAR_E_UNSUPPORTED,
                    "where a parameter is perturbed, the first stage alone is not offered");
    if (!network_.has_first_stage())
        throw Error(SPAR_E_UNSUPPORTED,
                    "the model offers no first stage with parameters: take another method");
    if (pass.wants != SPAR_WANT_PARAMETER_GRADIENTS || pass.forward_only != 0 || pass.tape != 0 ||
        steps.x == nullptr || steps.x != pass.x || steps.count < 0 || steps.ascent == nullptr)
        throw misused(
            "steps through the first stage go with a pass over the same x that wants the "
            "gradients of parameters alone, and has no tape");
}

std::map<std::string, std::pair<double, std::int64_t>> TrainingSession::take_reports() {
    return std::exchange(reports_, {});
}

}  // namespace spar::host
