#include "engine/session.hpp"

#include "engine/loss_head.hpp"

#include <spar/philox.hpp>

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace spar::host {

struct TrainingSession::Table {
    /// Runs one function of the table: what the host throws passes through the method as a status and
    /// is thrown again behind it.
    template <class Work>
    static spar_status answer(const spar_session *session, spar_error *error, Work &&work) {
        auto &self = *static_cast<TrainingSession *>(session->handle);
        return guarded(error, [&] {
            try {
                work(self);
            } catch (const Failure &) {
                self.failure_ = std::current_exception();
                throw;
            }
        });
    }

    static spar_status pass(const spar_session *s, const spar_session_pass *pass, spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) { self.pass(read_struct(pass)); });
    }
    static spar_status backward(const spar_session *s, std::int32_t tape, const float *cotangent,
                                spar_wants wants, float *dx, spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) {
            self.network_.backward(self.batch_->count, tape, cotangent, wants, dx);
        });
    }
    static spar_status attack(const spar_session *s, const spar_component_ref *attack,
                              const spar_objective *objective, std::int64_t draw, float *x_adv,
                              spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) {
            if (objective == nullptr) return self.attack(attack, nullptr, draw, x_adv);
            const spar_objective known = read_struct(objective);
            self.attack(attack, &known, draw, x_adv);
        });
    }
    static std::int64_t parameter_count(const spar_session *s) {
        auto &self = *static_cast<TrainingSession *>(s->handle);
        return static_cast<std::int64_t>(self.network_.parameters().size());
    }
    static spar_status parameter(const spar_session *s, std::int64_t index, spar_parameter *out,
                                 spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) {
            if (index < 0 || index >= parameter_count(s)) throw invalid("no such parameter");
            const NetworkParameter &p =
                self.network_.parameters()[static_cast<std::size_t>(index)];
            out->flags = p.trainable ? SPAR_PARAMETER_TRAINABLE : 0U;
            out->name = p.name.c_str();
            out->rank = static_cast<std::int32_t>(p.shape.size());
            std::copy(p.shape.begin(), p.shape.end(), out->shape);
            out->value = p.value.data();
            out->gradient = p.trainable ? p.gradient.data() : nullptr;
        });
    }
    static spar_status parameters_changed(const spar_session *s, spar_error *e) {
        return answer(s, e, [](TrainingSession &self) { self.network_.parameters_changed(); });
    }
    static spar_status zero_gradients(const spar_session *s, spar_error *e) {
        return answer(s, e, [](TrainingSession &self) { self.network_.zero_gradients(); });
    }
    static spar_status optimizer_step(const spar_session *s, spar_error *e) {
        return answer(s, e, [](TrainingSession &self) {
            self.optimization_.step(self.place_.rate_factor);
        });
    }
    static spar_status tensor(const spar_session *s, const char *name, std::int64_t size,
                              spar_tensor_flags flags, float **data, spar_error *e) {
        return answer(s, e,
                      [&](TrainingSession &self) { *data = self.tensor(name, size, flags); });
    }
    static spar_status stage_size(const spar_session *s, std::int64_t *size, spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) {
            std::int32_t rank = 0;
            std::int64_t shape[SPAR_MAX_RANK] = {};
            const Instance &model = self.network_.instance();
            model.call("the stage's shape", [&](spar_error *error) {
                return self.stages().shape(model.self(), &rank, shape, error);
            });
            *size = product({shape, static_cast<std::size_t>(rank)});
        });
    }
    static spar_status stage_ascend(const spar_session *s, float *x, const float *p,
                                    std::int64_t steps, spar_ascent ascent, void *context,
                                    spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) {
            const Instance &model = self.network_.instance();
            model.call("the stage's ascent", [&](spar_error *error) {
                View view(x, View::float32, self.full_shape());
                return self.stages().ascend(model.self(), view.view(), p, steps, ascent, context,
                                            error);
            });
        });
    }
    static spar_status stage_accumulate(const spar_session *s, const float *x, const float *p,
                                        spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) {
            const Instance &model = self.network_.instance();
            model.call("the stage's gradients", [&](spar_error *error) {
                View view(x, View::float32, self.full_shape());
                return self.stages().accumulate(model.self(), view.view(), p, error);
            });
        });
    }
    static void report(const spar_session *s, const char *name, double value) {
        auto &[sum, count] = static_cast<TrainingSession *>(s->handle)->reports_[name];
        sum += value;
        ++count;
    }
};

TrainingSession::TrainingSession(Network &network, Optimization &optimization,
                                 const Builder &builder, const Instance &method,
                                 const spar_component_ref &loss, const spar_threat *threat)
    : network_(network),
      optimization_(optimization),
      builder_(builder),
      method_(method),
      loss_(loss),
      threat_(threat) {}

spar_session TrainingSession::make_table() {
    const Network::Points clean = points(nullptr);
    spar_session s{};
    s.struct_size = sizeof s;
    s.handle = this;
    s.rank = static_cast<std::int32_t>(network_.shape().size());
    s.count = batch_->count;
    s.size = network_.size();
    std::copy(network_.shape().begin(), network_.shape().end(), s.shape);
    s.outputs = network_.outputs();
    s.x = clean.x;
    s.mask = clean.mask;
    s.labels = batch_->label_data();
    s.values = batch_->value_data();
    s.ids = batch_->ids.data();
    s.threat = threat_;
    s.epoch = place_.epoch;
    s.epochs = place_.epochs;
    s.step = place_.step;
    s.steps = place_.steps;
    s.batch_size = place_.batch_size;
    s.key = key_;
    s.pass = Table::pass;
    s.backward = Table::backward;
    s.attack = Table::attack;
    s.parameter_count = Table::parameter_count;
    s.parameter = Table::parameter;
    s.parameters_changed = Table::parameters_changed;
    s.zero_gradients = Table::zero_gradients;
    s.optimizer_step = Table::optimizer_step;
    s.tensor = Table::tensor;
    s.stage_size = Table::stage_size;
    s.stage_ascend = Table::stage_ascend;
    s.stage_accumulate = Table::stage_accumulate;
    s.report = Table::report;
    return s;
}

TrainingSession::Outcome TrainingSession::run(const Batch &batch, const Place &place) {
    batch_ = &batch;
    place_ = place;
    key_ = mix_key(method_.key(), static_cast<std::uint64_t>(place.step));
    outcome_ = {};
    outcome_known_ = false;
    failure_ = nullptr;
    if (!batch.tokens.empty()) network_.embed(batch, vectors_);
    const spar_session session = make_table();
    const auto &table = method_.table<spar_method_table>();
    try {
        if (table.prepare != nullptr)
            method_.call("prepare", [&](spar_error *error) {
                return table.prepare(method_.self(), &session, error);
            });
        method_.call("gradients", [&](spar_error *error) {
            return table.gradients(method_.self(), &session, error);
        });
    } catch (const Failure &) {
        if (failure_) std::rethrow_exception(failure_);
        throw;
    }
    return outcome_;
}

Network::Points TrainingSession::points(const float *x) const {
    const bool tokens = !batch_->tokens.empty();
    if (x == nullptr) x = tokens ? vectors_.data() : batch_->x.data();
    return {batch_->count, x, batch_->ids.data(), tokens ? batch_->tokens.data() : nullptr,
            tokens ? batch_->mask.data() : nullptr};
}

void TrainingSession::pass(const spar_session_pass &p) {
    outputs_.resize(batch_->count, network_.outputs());
    losses_.resize(static_cast<std::size_t>(batch_->count));
    float *outputs = p.outputs != nullptr ? p.outputs : outputs_.data();
    float *losses = p.loss_values != nullptr ? p.loss_values : losses_.data();

    LossHead loss{.loss = p.loss != nullptr ? p.loss : &loss_, .outputs = network_.outputs()};
    loss.weight = static_cast<float>(p.weight);
    loss.labels = p.labels != nullptr ? p.labels : batch_->label_data();
    loss.values = p.values != nullptr ? p.values : batch_->value_data();
    loss.reference = p.reference;
    loss.ids = batch_->ids.data();
    loss.key = mix_key(key_, 1);
    loss.loss_values = losses;

    spar_pass pass{};
    pass.mode = p.mode;
    pass.tape = p.tape;
    pass.key = mix_key(mix_key(network_.instance().key(), static_cast<std::uint64_t>(place_.step)),
                       static_cast<std::uint64_t>(p.draw));
    pass.outputs = outputs;
    pass.dx = p.dx;
    pass.stage_gradient = p.stage_gradient;
    if (p.forward_only == 0) {
        pass.wants = p.wants;
        pass.head = p.head != nullptr ? p.head : LossHead::evaluate;
        pass.head_context = p.head != nullptr ? p.head_context : &loss;
    }
    network_.pass(points(p.x), pass);
    note_outcome(p, outputs, losses);
}

void TrainingSession::note_outcome(const spar_session_pass &p, const float *outputs,
                                   float *losses) {
    const bool trains = p.forward_only == 0 && (p.wants & SPAR_WANT_PARAMETER_GRADIENTS) != 0;
    if (!trains || outcome_known_) return;
    outcome_known_ = true;
    const std::int64_t width = network_.outputs();
    if (p.head != nullptr) {  // the method's own objective: report the pipeline's loss all the same
        LossHead loss{.loss = &loss_, .outputs = width};
        loss.labels = batch_->label_data();
        loss.values = batch_->value_data();
        loss.reference = p.reference != nullptr ? p.reference : outputs;
        loss.ids = batch_->ids.data();
        loss.loss_values = losses;
        checked([&](spar_error *e) {
            return LossHead::evaluate(&loss, 0, batch_->count, outputs, nullptr, e);
        });
    }
    for (std::int64_t i = 0; i < batch_->count; ++i) {
        outcome_.loss += double{losses[i]};
        const float *row = outputs + i * width;
        if (const std::int64_t *labels = batch_->label_data())
            outcome_.correct += std::max_element(row, row + width) - row == labels[i] ? 1 : 0;
    }
}

void TrainingSession::attack(const spar_component_ref *attack, const spar_objective *objective,
                             std::int64_t draw, float *x_adv) {
    if (attack == nullptr) throw invalid("the method has no attack to run");
    if (threat_ == nullptr)
        throw Failure(Exit::pipeline, "#/threat: the training method runs an attack, which needs a "
                                      "threat model; add \"threat\": {\"norm\": ..., \"eps\": ...}");
    const Instance &instance = builder_.find(*attack);
    AttackTask task{};
    task.attack = &instance;
    task.network = &network_;
    task.loss = objective != nullptr && objective->loss != nullptr ? objective->loss : &loss_;
    task.threat = threat_;
    task.purpose = SPAR_PURPOSE_TRAIN;
    task.mode = objective != nullptr ? objective->mode : SPAR_MODE_EVAL;
    task.key = mix_key(mix_key(instance.key(), static_cast<std::uint64_t>(place_.step)),
                       static_cast<std::uint64_t>(draw));
    task.model_key = mix_key(network_.instance().key(), static_cast<std::uint64_t>(place_.step));
    task.points = points(nullptr);
    task.labels = batch_->label_data();
    task.values = batch_->value_data();
    task.reference = objective != nullptr ? objective->reference : nullptr;
    run_attack(task, x_adv, queries_);
}

float *TrainingSession::tensor(const char *name, std::int64_t size, spar_tensor_flags flags) {
    if (size < 1) throw invalid(fmt::format("tensor \"{}\" of {} values", name, size));
    MethodTensor &tensor = tensors_[name];
    if (tensor.values.empty()) tensor.values.resize(static_cast<std::size_t>(size));
    if (tensor.values.size() != static_cast<std::size_t>(size))
        throw invalid(fmt::format("tensor \"{}\" has {} values, not {}", name, tensor.values.size(),
                                  size));
    tensor.saved = (flags & SPAR_TENSOR_SAVED) != 0;
    return tensor.values.data();
}

std::vector<std::int64_t> TrainingSession::full_shape() const {
    std::vector<std::int64_t> full{batch_->count};
    full.insert(full.end(), network_.shape().begin(), network_.shape().end());
    return full;
}

const spar_stages &TrainingSession::stages() const {
    if (network_.stages() == nullptr)
        throw Error(SPAR_E_UNSUPPORTED, "the model offers no first stage by itself");
    return *network_.stages();
}

std::map<std::string, std::pair<double, std::int64_t>> TrainingSession::take_reports() {
    return std::exchange(reports_, {});
}

}  // namespace spar::host
