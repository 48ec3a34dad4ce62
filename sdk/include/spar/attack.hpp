// Write an attack: perturb a batch inside a threat model, asking an oracle. The oracle's loss
// always grows towards success, also for a targeted goal, so an attack only ever ascends.
#pragma once

#include <spar/component.hpp>
#include <spar/fit.hpp>
#include <spar/geometry.hpp>
#include <spar/head.hpp>
#include <spar/loss.hpp>
#include <spar/mask.hpp>
#include <spar/tensor.hpp>
#include <spar/texts.hpp>
#include <spar/verdict.hpp>

namespace SPAR_HIDDEN spar {

/// One question to the oracle; the fields of spar_query. Points may be any number, in any order, of
/// any examples of the batch.
struct Query {
    const float *x = nullptr;                  /// [count, size]
    std::int64_t count = 0;                    /// points
    const std::int64_t *rows = nullptr;        /// example of each point; null: point i is example i
    const spar_component_ref *loss = nullptr;  /// null: the oracle's own
    const std::int64_t *labels = nullptr;      /// per point; null: the batch's
    HeadRef head{};                            /// the attack's own objective instead of a loss
    float *outputs = nullptr;                  /// [count, K] or null
    float *loss_values = nullptr;              /// [count] or null
    float *gradient = nullptr;                 /// [count, size] or null: not computed
    std::int32_t tape = 0;                     /// slot in [1, 8] for pullback, 0: none
    const spar_tokens *tokens = nullptr;       /// instead of x, where texts are attacked
};

/// What an attack asks, and all that it knows of the model. The host makes one for every call of
/// perturb(); it counts queries, applies the budget and hides the model behind the loss, which
/// grows towards success. One query answers for any number of points at once:
///
///     gradient.resize(batch.count(), batch.size());
///     oracle.evaluate({.x = x.data(), .count = batch.count(), .gradient = gradient.data()});
///
/// A query throws when the budget is spent or the run is being stopped; let it pass.
class Oracle {
  public:
    explicit Oracle(const spar_oracle *oracle) : oracle_(oracle) {}

    const spar_oracle *raw() const { return oracle_; }
    std::int64_t outputs() const { return oracle_->outputs; }
    bool gradients() const { return oracle_->gradients != 0; }
    bool cancelled() const { return oracle_->cancelled(oracle_) != 0; }
    /// Attaches a fact to the result of an example, see spar_oracle.
    void note(std::int64_t row, const char *code, double value) const {
        if (oracle_->note != nullptr) oracle_->note(oracle_, row, code, value);
    }
    /// Names the part of the attack that follows, for progress and record; null: none.
    void stage(const char *name) const {
        if (oracle_->stage != nullptr) oracle_->stage(oracle_, name);
    }

    void evaluate(const Query &q) const {
        const spar_query query{.struct_size = sizeof(spar_query),
                               .tape = q.tape,
                               .count = q.count,
                               .rows = q.rows,
                               .x = q.x,
                               .loss = q.loss,
                               .labels = q.labels,
                               .head = q.head.function,
                               .head_context = q.head.context,
                               .outputs = q.outputs,
                               .loss_values = q.loss_values,
                               .gradient = q.gradient,
                               .tokens = q.tokens};
        checked([&](spar_error *e) { return oracle_->evaluate(oracle_, &query, e); });
    }

    /// Gradient [count, size] at the points of a tape for a cotangent [count, K] at their outputs.
    void pullback(std::int32_t tape, const float *cotangent, float *gradient) const {
        checked([&](spar_error *e) {
            return oracle_->pullback(oracle_, tape, cotangent, gradient, e);
        });
    }

    /// Where texts are attacked: the width of a token's vector, and the vectors [tokens, width],
    /// where the gradient of a query is taken.
    std::int64_t width() const { return oracle_->width; }
    std::vector<float> vectors(const std::vector<std::int64_t> &tokens) const {
        std::vector<float> all(tokens.size() * static_cast<std::size_t>(width()));
        checked([&](spar_error *e) {
            return oracle_->vectors(oracle_, static_cast<std::int64_t>(tokens.size()),
                                    tokens.data(), all.data(), e);
        });
        return all;
    }
    /// From here on, this text is the result for an example. False, and the former one stays, if it
    /// is outside the threat model, see spar_oracle.
    bool propose(std::int64_t row, const std::string &text) const {
        spar_error error = empty_error();
        const spar_status status = oracle_->propose(oracle_, row, text.c_str(), &error);
        if (status == SPAR_OK || status == SPAR_E_INVALID) return status == SPAR_OK;
        throw Error(status, error.message, error.pointer);
    }

  private:
    const spar_oracle *oracle_;
};

/// The batch to perturb; see spar_attack_batch. x_adv starts equal to x, and must be inside the
/// ball at every call of the oracle and at the end.
class AttackBatch {
  public:
    explicit AttackBatch(const spar_attack_batch *batch, std::int64_t outputs)
        : batch_(batch), outputs_(outputs) {}

    const spar_attack_batch &raw() const { return *batch_; }
    std::int64_t count() const { return batch_->count; }
    std::int64_t size() const { return batch_->size; }
    std::span<const std::int64_t> shape() const {
        return {batch_->shape, static_cast<std::size_t>(batch_->rank)};
    }
    Rows<const float> x() const { return {batch_->x, count(), size()}; }
    Rows<float> x_adv() const { return {batch_->x_adv, count(), size()}; }
    /// Outputs at x, if the host knows them already (test it before use).
    Rows<const float> outputs() const { return {batch_->outputs, count(), outputs_}; }
    const std::int64_t *labels() const { return batch_->labels; }
    const std::int64_t *targets() const { return batch_->targets; }
    const std::int64_t *ids() const { return batch_->ids; }
    const spar_threat &threat() const { return *batch_->threat; }
    Ball ball() const { return Ball(*batch_->threat, shape()); }
    bool training() const { return batch_->purpose == SPAR_PURPOSE_TRAIN; }
    /// Entries of an example's mask; 0: nothing is masked.
    std::int64_t mask_size() const {
        if (batch_->mask == nullptr) return 0;
        const bool told = batch_->struct_size > offsetof(spar_attack_batch, mask_size);
        return told && batch_->mask_size > 0 ? batch_->mask_size : batch_->shape[0];
    }

    /// Where texts are attacked: a text, how many of its words may change, the most tokens that the
    /// model takes, and what cuts texts into words and tokens. The result is given by
    /// Oracle::propose.
    std::string text(std::int64_t row) const { return batch_->texts[row]; }
    std::int64_t limit(std::int64_t row) const { return batch_->limits[row]; }
    std::int64_t token_room() const { return batch_->tokens->length; }
    TokenizerRef tokenizer() const { return TokenizerRef(*batch_->tokenizer); }

    /// The random stream of one example; `draw` distinguishes restarts and steps.
    Random random(std::int64_t row, std::uint32_t draw = 0) const {
        return {batch_->key, batch_->ids[row], draw};
    }

    /// x = a random point of `ball` around an example. Padding stays as it is, and does not count
    /// as dimensions: how long the rows of the batch are changes nothing.
    void random_point(std::int64_t row, const Ball &ball, Random random, std::span<float> x) const {
        draw_unmasked(mask(row), mask_size(), this->x()[row], x,
                      [&](std::span<const float> from, std::span<float> to) {
                          ball.random_point(from, random, to);
                      });
    }
    /// How many values of an example lie before its padding at the end.
    std::size_t unpadded(std::int64_t row) const {
        return before_padding(mask(row), mask_size(), size());
    }

    /// Sets masked positions of a point back to their clean values, those of a gradient to zero.
    void hold_masked(std::int64_t row, std::span<float> point) const {
        masked(row, [&](std::size_t i) { point[i] = x()[row][i]; });
    }
    void clear_masked(std::int64_t row, std::span<float> gradient) const {
        masked(row, [&](std::size_t i) { gradient[i] = 0; });
    }

    /// Whether an example with these outputs has reached the goal, by the required margin
    /// (verdict.hpp).
    bool success(std::int64_t row, std::span<const float> outputs) const {
        if (batch_->labels == nullptr) return false;
        const bool targeted = batch_->targets != nullptr;
        return verdict(outputs, (targeted ? batch_->targets : batch_->labels)[row], targeted) ==
               Verdict::reached;
    }

  private:
    template <class Touch>
    void masked(std::int64_t row, Touch &&touch) const {
        for_masked(mask(row), mask_size(), size(), touch);
    }
    const float *mask(std::int64_t row) const {
        return batch_->mask != nullptr ? batch_->mask + row * mask_size() : nullptr;
    }

    const spar_attack_batch *batch_;
    std::int64_t outputs_;
};

/// Base of an attack. The host calls perturb() with one batch at a time, in training from inside a
/// method and in evaluation with the examples that are still right; afterwards it checks x_adv
/// itself. An attack only ascends:
///
///     oracle.evaluate({.x = x_adv, .count = n, .gradient = g});
///     ball.ascend(x, g_row, step, x_adv_row);  // for each row
///
/// Iterated attacks need less: see spar/kit/descent.hpp.
class Attack : public Component {
  public:
    using Kind = Attack;
    static constexpr spar_kind kind = SPAR_KIND_ATTACK;

    /// Called only under threats that fits() accepts.
    virtual void perturb(const Oracle &oracle, const AttackBatch &batch) = 0;

    /// The threats that it works under. Override it to support others than linf, l2 and l1; an
    /// attack on texts returns Fit::texts().
    virtual Fit fit() const { return {}; }
    /// Throws SPAR_E_UNSUPPORTED, with the reason, for a threat that this instance cannot attack
    /// under. Override it if fit() cannot express that.
    virtual void fits(const spar_threat &threat) const { fit().require(threat); }

    static const spar_attack_table *table() {
        static const spar_attack_table functions{
            .struct_size = sizeof(spar_attack_table),
            .reserved = 0,
            .perturb =
                [](void *self, const spar_oracle *oracle, const spar_attack_batch *batch,
                   spar_error *error) {
                    return guarded(error, [&] {
                        auto &attack = *static_cast<Attack *>(self);
                        attack.fits(*batch->threat);  // also where another attack asks for it
                        attack.perturb(Oracle(oracle), AttackBatch(batch, oracle->outputs));
                    });
                },
            .fits =
                [](void *self, const spar_threat *threat, spar_error *error) {
                    return guarded(error, [&] { static_cast<Attack *>(self)->fits(*threat); });
                }};
        return &functions;
    }
};

/// Throws if an attack that came as a parameter does not work under the threat.
inline void require_fit(const spar_component_ref &attack, const spar_threat &threat) {
    require_fit(*static_cast<const spar_attack_table *>(attack.table), attack.self, threat);
}

/// Runs an attack that came as a parameter, with the same oracle on another batch.
inline void perturb(const spar_component_ref &attack, const spar_oracle *oracle,
                    const spar_attack_batch &batch) {
    const auto *table = static_cast<const spar_attack_table *>(attack.table);
    require_fit(attack, *batch.threat);
    checked([&](spar_error *e) { return table->perturb(attack.self, oracle, &batch, e); });
}

}  // namespace spar
