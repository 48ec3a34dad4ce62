// What methods see of the session: the functions of spar_session, for a method and those inside it.
#include "engine/fit.hpp"
#include "engine/loss_head.hpp"
#include "engine/session.hpp"

#include <spar/loss.hpp>
#include <spar/philox.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace spar::host {

struct TrainingSession::Caller {
    TrainingSession *session;
    const Instance *method;

    static Caller &of(const spar_session *session) {
        return *static_cast<Caller *>(session->handle);
    }
    bool inside_another() const { return method != &session->method_; }
    /// A prefix for the names of tensors, so that each method has its own: "method/" for the method
    /// that is the parameter "method" of the outer one.
    std::string scope() const {
        if (!inside_another()) return {};
        return method->pointer().substr(session->method_.pointer().size() + 1) + '/';
    }
};

struct TrainingSession::Table {
    /// Runs one function of the table: an exception of the host passes through the method as a
    /// status and is rethrown afterwards.
    template <class Work>
    static spar_status answer(const spar_session *session, spar_error *error, Work &&work) {
        auto &self = *Caller::of(session).session;
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
        return answer(s, e,
                      [&](TrainingSession &self) { self.backward(tape, cotangent, wants, dx); });
    }
    static spar_status site(const spar_session *s, std::int64_t index, spar_site *out,
                            spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) {
            if (index < 0 || index >= s->site_count) throw Error(SPAR_E_CONTRACT, "no such site");
            const std::uint32_t size = out->struct_size;
            const spar_site found = self.network_.site(index);
            std::memcpy(out, &found, std::min<std::size_t>(size, sizeof found));
            out->struct_size = size;
        });
    }
    static spar_status backward_at(const spar_session *s, std::int32_t tape, const float *cotangent,
                                   const spar_site_use *uses, std::int64_t count, spar_wants wants,
                                   float *dx, spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) {
            Space::Points at = self.points(nullptr);
            at.sites = {uses, static_cast<std::size_t>(count)};
            self.space_.backward(at, tape, cotangent, wants, dx);
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
    static spar_status attack_tokens(const spar_session *s, const spar_component_ref *attack,
                                     const spar_objective *objective, std::int64_t draw,
                                     const spar_tokens **attacked, spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) {
            if (objective == nullptr) {
                *attacked = self.attack_tokens(attack, nullptr, draw);
                return;
            }
            const spar_objective known = read_struct(objective);
            *attacked = self.attack_tokens(attack, &known, draw);
        });
    }
    static std::int64_t parameter_count(const spar_session *s) {
        const TrainingSession &self = *Caller::of(s).session;
        return static_cast<std::int64_t>(self.network_.parameters().size());
    }
    static spar_status parameter(const spar_session *s, std::int64_t index, spar_parameter *out,
                                 spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) {
            if (index < 0 || index >= parameter_count(s))
                throw Error(SPAR_E_CONTRACT, "no such parameter");
            const NetworkParameter &p = self.network_.parameters()[static_cast<std::size_t>(index)];
            out->flags = (p.trainable ? SPAR_PARAMETER_TRAINABLE : 0U) |
                         (p.of_stage ? SPAR_PARAMETER_STAGE : 0U);
            out->name = p.name.c_str();
            out->rank = static_cast<std::int32_t>(p.shape.size());
            std::copy(p.shape.begin(), p.shape.end(), out->shape);
            out->value = p.value.data();
            out->gradient = p.trainable ? p.gradient.data() : nullptr;
        });
    }
    static spar_status parameters_changed(const spar_session *s, spar_error *e) {
        return answer(s, e, [](TrainingSession &self) { self.parameters_changed(); });
    }
    static spar_status zero_gradients(const spar_session *s, spar_error *e) {
        return answer(s, e, [](TrainingSession &self) { self.network_.zero_gradients(); });
    }
    static spar_status optimizer_step(const spar_session *s, spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) {
            if (Caller::of(s).inside_another())
                throw Error(SPAR_E_UNSUPPORTED,
                            "this method takes steps of the optimizer itself, so it cannot be "
                            "inside another: make it the training method");
            self.optimization_.step(self.place_.rate_factor);
            self.parameters_changed();
        });
    }
    static spar_status tensor(const spar_session *s, const char *name, std::int64_t size,
                              spar_tensor_flags flags, float **data, spar_error *e) {
        return answer(s, e, [&](TrainingSession &self) {
            *data = self.tensor(Caller::of(s).scope() + name, size, flags);
        });
    }
    static void report(const spar_session *s, const char *name, double value) {
        auto &[sum, count] = Caller::of(s).session->reports_[name];
        sum += value;
        ++count;
    }
    static spar_status loss(const spar_session *s, const spar_component_ref *loss,
                            std::int64_t first, const spar_loss_rows *rows, spar_error *e) {
        return guarded(e, [&] { Caller::of(s).session->loss(loss, first, read_struct(rows)); });
    }
    static spar_status prepare(const spar_session *s, const spar_component_ref *method,
                               spar_error *e) {
        return answer(s, e,
                      [&](TrainingSession &self) { self.prepare(self.builder_.find(*method)); });
    }
    static spar_status gradients(const spar_session *s, const spar_component_ref *method,
                                 spar_error *e) {
        return answer(s, e,
                      [&](TrainingSession &self) { self.gradients(self.builder_.find(*method)); });
    }
};

spar_session TrainingSession::make_table(Caller &caller) const {
    const Space::Points clean = points(nullptr);
    spar_session s{};
    s.struct_size = sizeof s;
    s.handle = &caller;
    s.rank = static_cast<std::int32_t>(space_.shape().size());
    s.count = clean.count;
    s.size = space_.size();
    std::copy(space_.shape().begin(), space_.shape().end(), s.shape);
    s.outputs = network_.outputs();
    s.x = clean.x;
    s.mask = clean.mask;
    s.labels = parameter_ ? nullptr : batch_->label_data();
    s.values = parameter_ ? nullptr : batch_->value_data();
    s.ids = clean.ids;
    s.threat = threat_now_ ? &*threat_now_ : nullptr;
    s.epoch = place_.epoch;
    s.epochs = place_.epochs;
    s.step = place_.step;
    s.steps = place_.steps;
    s.batch_size = parameter_ ? 1 : place_.batch_size;
    s.key = mix_key(caller.method->key(), static_cast<std::uint64_t>(place_.step));
    s.pass = Table::pass;
    s.backward = Table::backward;
    s.attack = Table::attack;
    s.parameter_count = Table::parameter_count;
    s.parameter = Table::parameter;
    s.parameters_changed = Table::parameters_changed;
    s.zero_gradients = Table::zero_gradients;
    s.optimizer_step = Table::optimizer_step;
    s.tensor = Table::tensor;
    s.report = Table::report;
    s.loss = Table::loss;
    s.prepare = Table::prepare;
    s.gradients = Table::gradients;
    s.loss_needs = needs_of(loss_);
    s.flags = pretrained ? SPAR_SESSION_PRETRAINED : 0U;
    s.crafting_loss = crafting_loss;
    s.limits = limits_.empty() ? nullptr : limits_.data();
    s.mask_size = clean.mask == nullptr ? 0 : site_ ? space_.size() : space_.shape()[0];
    s.room = space_.room();
    s.labelled = parameter_ ? clean.count : batch_->labelled();
    s.attack_tokens = Table::attack_tokens;
    if (texts_) show_texts(s);
    s.site_count = parameter_ ? 0 : std::ssize(network_.sites());
    s.site = Table::site;
    s.backward_at = Table::backward_at;
    return s;
}

template <class Function>
void TrainingSession::call(const Instance &method, const char *what, Function &&function) {
    Caller caller{this, &method};
    const spar_session session = make_table(caller);
    failure_ = nullptr;
    try {
        method.call(what, [&](spar_error *error) { return function(&session, error); });
    } catch (const Failure &) {
        // Otherwise each of several nested methods would put its own place in front.
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
        throw;
    }
}

void TrainingSession::prepare(const Instance &method) {
    const auto &table = method.table<spar_method_table>();
    if (threat_now_) require_fit(method, *threat_now_);
    if (table.prepare == nullptr) return;
    call(method, "prepare", [&](const spar_session *session, spar_error *error) {
        return table.prepare(method.self(), session, error);
    });
}

void TrainingSession::gradients(const Instance &method) {
    const auto &table = method.table<spar_method_table>();
    call(method, "gradients", [&](const spar_session *session, spar_error *error) {
        return table.gradients(method.self(), session, error);
    });
}

}  // namespace spar::host
