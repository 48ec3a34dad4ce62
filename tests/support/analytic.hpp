// An oracle over a model written as formulas, and batches to attack: for tests of attacks that
// need neither a host's engine nor a real network.
#pragma once

#include "analytic_model.hpp"
#include "plugin_loader.hpp"

#include <spar/attack.hpp>

#include <array>
#include <functional>
#include <vector>

namespace spar::test {

enum class Fault { none, nan_gradient, zero_gradient, nan_outputs };

/// Examples to attack and the threat.
struct Problem {
    std::int64_t count = 0;
    std::vector<std::int64_t> shape;
    Floats x;
    std::vector<std::int64_t> labels, targets, ids;
    spar_threat threat{};
    std::uint64_t key = 99;
    spar_purpose purpose = SPAR_PURPOSE_EVALUATE;
    bool give_outputs = false;

    std::int64_t size() const { return product(shape); }
};

/// Examples in the box, labelled as the model sees them.
inline Problem problem(const AnalyticModel &model, std::int64_t count, spar_norm norm, double eps,
                       std::vector<std::int64_t> shape = {}, std::uint64_t key = 5) {
    Problem p;
    p.count = count;
    p.shape = shape.empty() ? std::vector<std::int64_t>{model.inputs()} : std::move(shape);
    p.x = uniform_values(key, count * model.inputs(), -0.2F, 1.2F);
    for (float &value : p.x) value = std::clamp(value, 0.0F, 1.0F);
    Floats outputs(static_cast<std::size_t>(model.outputs()));
    for (std::int64_t i = 0; i < count; ++i) {
        model.forward({p.x.data() + i * model.inputs(), static_cast<std::size_t>(model.inputs())},
                      outputs);
        p.labels.push_back(argmax(outputs));
        p.ids.push_back(1000 + 3 * i);
    }
    p.threat.struct_size = sizeof p.threat;
    p.threat.norm = norm;
    p.threat.eps = eps;
    p.threat.lower = 0;
    p.threat.upper = 1;
    return p;
}

/// As the host's oracle, over an analytic model.
class AnalyticOracle {
  public:
    AnalyticOracle(const AnalyticModel &model, const Problem &problem,
                   const spar_component_ref *loss, Fault fault = Fault::none)
        : model_(model), problem_(problem), loss_(loss), fault_(fault) {
        table_.struct_size = sizeof table_;
        table_.gradients = 1;
        table_.handle = this;
        table_.outputs = model.outputs();
        table_.evaluate = [](const spar_oracle *o, const spar_query *q, spar_error *e) {
            return guarded(e, [&] { static_cast<AnalyticOracle *>(o->handle)->evaluate(*q); });
        };
        table_.pullback = [](const spar_oracle *o, std::int32_t tape, const float *cotangent,
                             float *gradient, spar_error *e) {
            return guarded(e, [&] {
                static_cast<AnalyticOracle *>(o->handle)->pullback(tape, cotangent, gradient);
            });
        };
        table_.cancelled = [](const spar_oracle *) { return 0; };
        table_.note = [](const spar_oracle *o, std::int64_t row, const char *code, double value) {
            static_cast<AnalyticOracle *>(o->handle)->notes.push_back({row, code, value});
        };
        table_.stage = [](const spar_oracle *o, const char *name) {
            auto &self = *static_cast<AnalyticOracle *>(o->handle);
            self.stages.emplace_back(name != nullptr ? name : "", self.gradients);
        };
    }
    AnalyticOracle(const AnalyticOracle &) = delete;
    AnalyticOracle &operator=(const AnalyticOracle &) = delete;

    const spar_oracle *table() const { return &table_; }
    /// Called with every query before it is answered.
    std::function<void(const spar_query &)> watch;
    std::int64_t forwards = 0, gradients = 0;
    struct Note {
        std::int64_t row;
        std::string code;
        double value;
    };
    std::vector<Note> notes;
    /// Stages as they began, with the gradients taken until then.
    std::vector<std::pair<std::string, std::int64_t>> stages;
    /// How many queries are answered before the run is stopped; negative: all.
    std::int64_t answers = -1;

  private:
    std::span<const float> point(const float *x, std::int64_t i) const {
        return {x + i * model_.inputs(), static_cast<std::size_t>(model_.inputs())};
    }

    void evaluate(const spar_query &q) {
        if (watch) watch(q);
        if (answers >= 0 && answers-- == 0) throw Error(SPAR_E_CANCELLED, "stopped");
        const std::int64_t width = model_.outputs();
        Floats outputs(static_cast<std::size_t>(q.count * width)), cotangent(outputs.size());
        for (std::int64_t i = 0; i < q.count; ++i)
            model_.forward(point(q.x, i), {outputs.data() + i * width, std::size_t(width)});
        if (fault_ == Fault::nan_outputs)
            std::fill(outputs.begin(), outputs.end(), std::numeric_limits<float>::quiet_NaN());
        forwards += q.count;
        if (q.outputs != nullptr) std::copy(outputs.begin(), outputs.end(), q.outputs);
        if (q.tape > 0)
            tapes_[static_cast<std::size_t>(q.tape)] = Floats(q.x, q.x + q.count * model_.inputs());
        if (q.head != nullptr)
            checked([&](spar_error *e) {
                return q.head(q.head_context, 0, q.count, outputs.data(),
                              q.gradient != nullptr ? cotangent.data() : nullptr, e);
            });
        else if (q.gradient != nullptr || q.loss_values != nullptr)
            loss(q, outputs, cotangent);
        if (q.gradient != nullptr) back(q.count, q.x, cotangent.data(), q.gradient);
    }

    void loss(const spar_query &q, const Floats &outputs, Floats &cotangent) {
        std::vector<std::int64_t> labels, targets, ids;
        const bool aimed = !problem_.targets.empty() && q.labels == nullptr;
        for (std::int64_t i = 0; i < q.count; ++i) {
            const auto row = static_cast<std::size_t>(q.rows != nullptr ? q.rows[i] : i);
            if (row >= problem_.ids.size()) throw invalid("a row outside the batch");
            labels.push_back(q.labels != nullptr ? q.labels[i]
                             : aimed             ? problem_.targets[row]
                                                 : problem_.labels[row]);
            ids.push_back(problem_.ids[row]);
            if (!problem_.targets.empty()) targets.push_back(problem_.targets[row]);
        }
        spar_loss_rows rows{};
        rows.struct_size = sizeof rows;
        rows.count = q.count;
        rows.outputs = model_.outputs();
        rows.output = outputs.data();
        rows.labels = labels.data();
        rows.targets = targets.empty() ? nullptr : targets.data();
        rows.ids = ids.data();
        rows.loss = q.loss_values;
        rows.gradient = q.gradient != nullptr ? cotangent.data() : nullptr;
        if (q.loss == nullptr && loss_ == nullptr) throw invalid("no loss");
        spar::evaluate(q.loss != nullptr ? *q.loss : *loss_, rows);
        if (!aimed) return;
        for (float &value : cotangent) value = -value;
        for (std::int64_t i = 0; rows.loss != nullptr && i < q.count; ++i)
            rows.loss[i] = -rows.loss[i];
    }

    void back(std::int64_t count, const float *x, const float *cotangent, float *gradient) {
        gradients += count;
        const auto width = static_cast<std::size_t>(model_.outputs());
        for (std::int64_t i = 0; i < count; ++i) {
            const std::span<float> out(gradient + i * model_.inputs(),
                                       static_cast<std::size_t>(model_.inputs()));
            model_.backward(point(x, i), {cotangent + i * model_.outputs(), width}, out);
            if (fault_ == Fault::zero_gradient) std::ranges::fill(out, 0.0F);
            if (fault_ == Fault::nan_gradient)
                out[static_cast<std::size_t>(i) % out.size()] =
                    std::numeric_limits<float>::quiet_NaN();
        }
    }

    void pullback(std::int32_t tape, const float *cotangent, float *gradient) {
        const Floats &x = tapes_.at(static_cast<std::size_t>(tape));
        back(std::ssize(x) / model_.inputs(), x.data(), cotangent, gradient);
    }

    const AnalyticModel &model_;
    const Problem &problem_;
    const spar_component_ref *loss_;
    Fault fault_;
    spar_oracle table_{};
    std::array<Floats, 9> tapes_{};
};

/// Examples [begin, end) of a problem.
inline Problem slice(const Problem &p, std::int64_t begin, std::int64_t end) {
    const auto part = [&](const auto &v, std::int64_t width) {
        using Vector = std::remove_cvref_t<decltype(v)>;
        return v.empty() ? Vector() : Vector(v.begin() + begin * width, v.begin() + end * width);
    };
    Problem s = p;
    s.count = end - begin;
    s.x = part(p.x, p.size());
    s.labels = part(p.labels, 1);
    s.targets = part(p.targets, 1);
    s.ids = part(p.ids, 1);
    return s;
}

/// Runs an attack on a problem; x_adv is set to the clean points first.
inline void run_attack(const spar_component_ref &attack, const AnalyticModel &model,
                       const Problem &p, const AnalyticOracle &oracle, Floats &x_adv) {
    x_adv = p.x;
    Floats outputs(static_cast<std::size_t>(p.count * model.outputs()));
    for (std::int64_t i = 0; i < p.count; ++i)
        model.forward({p.x.data() + i * p.size(), static_cast<std::size_t>(p.size())},
                      {outputs.data() + i * model.outputs(), std::size_t(model.outputs())});
    spar_attack_batch batch{};
    batch.struct_size = sizeof batch;
    batch.purpose = p.purpose;
    batch.count = p.count;
    batch.size = p.size();
    batch.rank = static_cast<std::int32_t>(p.shape.size());
    std::copy(p.shape.begin(), p.shape.end(), batch.shape);
    batch.x = p.x.data();
    batch.labels = p.labels.data();
    batch.targets = p.targets.empty() ? nullptr : p.targets.data();
    batch.ids = p.ids.data();
    batch.key = p.key;
    batch.outputs = p.give_outputs ? outputs.data() : nullptr;
    batch.threat = &p.threat;
    batch.x_adv = x_adv.data();
    perturb(attack, oracle.table(), batch);
}

inline Floats run_attack(const spar_component_ref &attack, const AnalyticModel &model,
                         const Problem &p, const AnalyticOracle &oracle) {
    Floats x_adv;
    run_attack(attack, model, p, oracle, x_adv);
    return x_adv;
}

inline std::span<const float> example(const Floats &x, const Problem &p, std::int64_t row) {
    return {x.data() + row * p.size(), static_cast<std::size_t>(p.size())};
}

/// Whether every example is a number inside ball and box, with the host's tolerance.
inline bool inside(const Problem &p, const Floats &x_adv) {
    const Ball ball(p.threat, p.shape);
    for (std::int64_t row = 0; row < p.count; ++row) {
        for (const float value : example(x_adv, p, row))
            if (!(value >= ball.lower && value <= ball.upper)) return false;
        if (!(ball.distance(example(p.x, p, row), example(x_adv, p, row)) <= ball.limit()))
            return false;
    }
    return true;
}

inline Floats outputs_at(const AnalyticModel &model, const Problem &p, const Floats &x,
                         std::int64_t row) {
    Floats outputs(static_cast<std::size_t>(model.outputs()));
    model.forward(example(x, p, row), outputs);
    return outputs;
}

/// How many examples reach the goal at these points.
inline std::int64_t fooled(const AnalyticModel &model, const Problem &p, const Floats &x) {
    Floats outputs(static_cast<std::size_t>(model.outputs()));
    std::int64_t count = 0;
    for (std::int64_t row = 0; row < p.count; ++row) {
        model.forward(example(x, p, row), outputs);
        const auto at = static_cast<std::size_t>(row);
        const std::int64_t best = argmax(outputs);
        count += (p.targets.empty() ? best != p.labels[at] : best == p.targets[at]) ? 1 : 0;
    }
    return count;
}

}  // namespace spar::test
