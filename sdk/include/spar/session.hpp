// What a method of training works with: the batch, the model, attacks, losses, memory of its own.
#pragma once

#include <spar/attack.hpp>
#include <spar/geometry.hpp>
#include <spar/head.hpp>
#include <spar/mask.hpp>
#include <spar/pass.hpp>

namespace SPAR_HIDDEN spar {

/// What a method sees of the training: the batch, the model behind pass(), the attack, memory of
/// its own. The host makes one for every batch, and it is valid only during prepare() and
/// gradients(). One ordinary step of training is
///
///     session.pass({.weight = session.mean()});
class Session {
  public:
    explicit Session(const spar_session *session) : s_(session) {}

    const spar_session &raw() const { return *s_; }
    std::int64_t count() const { return s_->count; }
    std::int64_t size() const { return s_->size; }
    std::int64_t outputs() const { return s_->outputs; }
    /// How many examples, the first ones, have labels or values: all, except for a method that
    /// makes use of unlabelled ones, see Method::unlabelled.
    std::int64_t labelled() const {
        const bool told = s_->struct_size > offsetof(spar_session, labelled);
        return told ? s_->labelled : count();
    }
    /// 1/n, the weight that makes a sum over the batch a mean.
    double mean() const { return 1.0 / static_cast<double>(s_->count); }
    /// Whether the batch is texts whose words an attack edits. There is no x then: the points of a
    /// pass are tokens, and attack_tokens() gives them.
    bool texts() const {
        return s_->struct_size > offsetof(spar_session, tokens) && s_->tokens != nullptr;
    }
    Rows<const float> x() const { return {s_->x, count(), size()}; }
    const std::int64_t *labels() const { return s_->labels; }
    const std::int64_t *ids() const { return s_->ids; }
    const spar_threat &threat() const {
        if (s_->threat == nullptr)
            throw invalid("this method needs a threat model: add \"threat\" to the pipeline");
        return *s_->threat;
    }
    Ball ball() const { return Ball(threat(), {s_->shape, static_cast<std::size_t>(s_->rank)}); }
    std::int64_t step() const { return s_->step; }
    std::int64_t steps() const { return s_->steps; }
    std::int64_t epoch() const { return s_->epoch; }
    std::int64_t epochs() const { return s_->epochs; }
    Random random(std::int64_t row, std::uint32_t draw = 0) const {
        return {s_->key, s_->ids[row], draw};
    }

    void pass(const Pass &p) const { pass(p, nullptr); }
    /// A pass over the x of `s`, followed by its steps through the first stage.
    void pass(Pass p, const StageSteps &s) const {
        spar_stage_steps steps{};
        steps.struct_size = sizeof steps;
        steps.full_pass = s.full_pass ? 1 : 0;
        steps.count = s.count;
        steps.x = s.x;
        steps.ascent = s.ascent.function;
        steps.ascent_context = s.ascent.context;
        p.x = s.x;
        pass(p, &steps);
    }
    void backward(std::int32_t tape, const float *cotangent, spar_wants wants,
                  float *dx = nullptr) const {
        checked([&](spar_error *e) { return s_->backward(s_, tape, cotangent, wants, dx, e); });
    }

    /// The model's sites, with their shapes in this batch; empty: it names none.
    std::vector<Site> sites() const {
        const bool told = s_->struct_size > offsetof(spar_session, site);
        std::vector<Site> all;
        for (std::int64_t i = 0; told && i < s_->site_count; ++i) {
            spar_site site{};
            site.struct_size = sizeof site;
            checked([&](spar_error *e) { return s_->site(s_, i, &site, e); });
            all.push_back({.index = static_cast<std::int32_t>(i),
                           .kind = site.kind,
                           .name = site.name,
                           .adds = (site.flags & SPAR_SITE_ADDS) != 0,
                           .shape = {site.shape, site.shape + site.rank},
                           .room = site.room});
        }
        return all;
    }
    /// Memory of the method's own for the values of a site, of which [count(), size] are in use.
    Rows<float> at_site(const Site &site, const char *purpose) const {
        const std::string name = std::string(site.name) + '/' + purpose;
        return {tensor(name.c_str(), batch_size(), site.room).data(), count(), site.size()};
    }
    /// `backward` with gradients in or out at sites. `cotangent` null: no gradient at the outputs.
    void backward_at(std::int32_t tape, const float *cotangent, std::span<const SiteUse> sites,
                     spar_wants wants, float *dx = nullptr) const {
        const auto uses = site_uses(sites);
        checked([&](spar_error *e) {
            return s_->backward_at(s_, tape, cotangent, uses.data(), std::ssize(uses), wants, dx,
                                   e);
        });
    }

    /// Rows [first, first + count) of a loss at known outputs, for a head that adds to it; see
    /// spar_session.loss. `loss` null: the pipeline's.
    struct LossRows {
        std::int64_t first, count;
        const float *outputs;
        const float *reference = nullptr;
        float *values = nullptr, *gradients = nullptr, *reference_gradients = nullptr;
    };
    void loss(const LossRows &r, const spar_component_ref *loss = nullptr) const {
        spar_loss_rows rows{};
        rows.struct_size = sizeof rows;
        rows.count = r.count;
        rows.output = r.outputs;
        rows.reference = r.reference;
        rows.loss = r.values;
        rows.gradient = r.gradients;
        rows.reference_gradient = r.reference_gradients;
        checked([&](spar_error *e) { return s_->loss(s_, loss, r.first, &rows, e); });
    }
    /// Whether the pipeline's loss compares with outputs elsewhere.
    bool loss_compares() const { return (s_->loss_needs & SPAR_LOSS_NEEDS_REFERENCE) != 0; }
    /// The loss that crafting increases if neither method nor attack has its own; null: the
    /// pipeline's.
    const spar_component_ref *crafting_loss() const {
        const bool told = s_->struct_size > offsetof(spar_session, crafting_loss);
        return told ? s_->crafting_loss : nullptr;
    }
    /// Whether training started from the weights of a file.
    bool pretrained() const { return (s_->flags & SPAR_SESSION_PRETRAINED) != 0; }

    /// What an attack is to increase; the fields of spar_objective.
    struct Objective {
        spar_mode mode = SPAR_MODE_EVAL;           /// of the model while crafting
        const spar_component_ref *loss = nullptr;  /// null: crafting_loss()
        const float *reference = nullptr;          /// [n, K] for a loss that compares
        std::int64_t count = 0;                    /// only the first `count` examples; 0: all
    };
    /// x_adv [n, size] from the attack, against the model in its present state.
    void attack(const Child &attack, float *x_adv, const Objective &o,
                std::int64_t draw = 0) const {
        const spar_objective objective{sizeof objective, o.mode, o.loss, o.reference, o.count};
        checked([&](spar_error *e) {
            return s_->attack(s_, attack.ref(), &objective, draw, x_adv, e);
        });
    }
    void attack(const Child &attack, float *x_adv) const {
        this->attack(attack, x_adv, Objective{});
    }
    /// The same for texts(): the attacked texts as tokens, valid until the next call and for passes
    /// of this step.
    const spar_tokens *attack_tokens(const Child &attack, const Objective &o,
                                     std::int64_t draw = 0) const {
        const spar_objective objective{sizeof objective, o.mode, o.loss, o.reference, o.count};
        const spar_tokens *attacked = nullptr;
        checked([&](spar_error *e) {
            return s_->attack_tokens(s_, attack.ref(), &objective, draw, &attacked, e);
        });
        return attacked;
    }

    std::vector<Parameter> parameters() const {
        std::vector<Parameter> all;
        for (std::int64_t i = 0; i < s_->parameter_count(s_); ++i) {
            spar_parameter p{};
            p.struct_size = sizeof p;
            checked([&](spar_error *e) { return s_->parameter(s_, i, &p, e); });
            const std::vector<std::int64_t> shape(p.shape, p.shape + p.rank);
            const auto size = static_cast<std::size_t>(product(shape));
            all.push_back({.name = p.name,
                           .trainable = (p.flags & SPAR_PARAMETER_TRAINABLE) != 0,
                           .of_stage = (p.flags & SPAR_PARAMETER_STAGE) != 0,
                           .shape = shape,
                           .value = {p.value, size},
                           .gradient = {p.gradient, p.gradient != nullptr ? size : 0}});
        }
        return all;
    }
    /// Call it after writing values of parameters.
    void parameters_changed() const {
        checked([&](spar_error *e) { return s_->parameters_changed(s_, e); });
    }
    void zero_gradients() const {
        checked([&](spar_error *e) { return s_->zero_gradients(s_, e); });
    }
    /// An extra optimizer step (Free); clears the gradients. The host takes the last step.
    void optimizer_step() const {
        checked([&](spar_error *e) { return s_->optimizer_step(s_, e); });
    }

    /// Memory of the method's own, by name: zero at first, the same from then on. Ask for the
    /// greatest size, batch_size() examples (not count()) of room() values (not size()): the last
    /// batch may be smaller, texts may be shorter, and the size must not change.
    Rows<float> tensor(const char *name, std::int64_t count, std::int64_t width,
                       spar_tensor_flags flags = 0) const {
        std::int64_t size = 0;
        if (__builtin_mul_overflow(count, width, &size))
            throw Error(SPAR_E_CONTRACT, std::string("the tensor \"") + name + "\" is endless");
        float *data = nullptr;
        checked([&](spar_error *e) { return s_->tensor(s_, name, size, flags, &data, e); });
        return {data, count, width};
    }
    std::int64_t batch_size() const { return s_->batch_size; }
    std::int64_t room() const {
        const bool told = s_->struct_size > offsetof(spar_session, room);
        return told ? s_->room : size();
    }
    /// The same with one row per example, of which [count(), size()] are in use.
    Rows<float> points(const char *name, spar_tensor_flags flags = 0) const {
        return {tensor(name, batch_size(), room(), flags).data(), count(), size()};
    }

    /// Calls touch(i) for every value of an example that is padding.
    template <class Touch>
    void for_masked(std::int64_t row, Touch &&touch) const {
        spar::for_masked(mask(row), mask_size(), size(), touch);
    }
    /// How many values of an example lie before its padding at the end.
    std::size_t unpadded(std::int64_t row) const {
        return before_padding(mask(row), mask_size(), size());
    }
    /// Runs draw(from, to) from x to a point, on those values that are not masked.
    template <class Draw>
    void draw_unmasked(std::int64_t row, std::span<float> point, Draw &&draw) const {
        spar::draw_unmasked(mask(row), mask_size(), x()[row], point, draw);
    }
    /// Sets masked positions of a perturbation, or of a gradient, to zero.
    void clear_masked(std::int64_t row, std::span<float> values) const {
        for_masked(row, [&](std::size_t i) { values[i] = 0; });
    }
    /// Sets those of a point back to their clean values.
    void hold_masked(std::int64_t row, std::span<float> point) const {
        for_masked(row, [&](std::size_t i) { point[i] = x()[row][i]; });
    }

    void report(const char *name, double value) const { s_->report(s_, name, value); }

    /// Runs a method that came as a parameter, on this batch; its tensors are its own.
    void prepare(const Child &method) const {
        checked([&](spar_error *e) { return s_->prepare(s_, method.ref(), e); });
    }
    void gradients(const Child &method) const {
        checked([&](spar_error *e) { return s_->gradients(s_, method.ref(), e); });
    }

  private:
    std::int64_t mask_size() const {
        if (s_->mask == nullptr) return 0;
        const bool told = s_->struct_size > offsetof(spar_session, mask_size);
        return told ? s_->mask_size : s_->shape[0];
    }
    const float *mask(std::int64_t row) const {
        return s_->mask != nullptr ? s_->mask + row * mask_size() : nullptr;
    }
    void pass(const Pass &p, const spar_stage_steps *steps) const {
        spar_session_pass pass{};
        pass.struct_size = sizeof pass;
        pass.wants = p.wants;
        pass.mode = p.mode;
        pass.tape = p.tape;
        pass.draw = p.draw;
        pass.x = p.x;
        pass.head = p.head.function;
        pass.head_context = p.head.context;
        pass.loss = p.loss;
        pass.reference = p.reference;
        pass.labels = p.labels;
        pass.values = p.values;
        pass.weight = p.weight;
        pass.forward_only = p.forward_only ? 1 : 0;
        pass.outputs = p.outputs;
        pass.loss_values = p.loss_values;
        pass.dx = p.dx;
        pass.tokens = p.tokens;
        pass.stage_steps = steps;
        const auto uses = site_uses(p.sites);
        pass.sites = uses.empty() ? nullptr : uses.data();
        pass.site_count = std::ssize(uses);
        checked([&](spar_error *e) { return s_->pass(s_, &pass, e); });
    }

    const spar_session *s_;
};

}  // namespace spar
