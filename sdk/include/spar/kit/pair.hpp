// Two passes over the same examples, one clean and one at other points, under one objective of both
// outputs that is pulled back through both: TRADES, MART, SMART, ALUM, VAT, R3F.
#pragma once

#include <spar/method.hpp>

namespace SPAR_HIDDEN spar {

/// A few rows of both passes. The gradients start at zero; an objective adds to them.
struct PairBlock {
    std::int64_t first, count, outputs;
    const float *clean, *other;              /// [count, outputs]
    float *clean_gradient, *other_gradient;  /// [count, outputs]
    float *values;                           /// [count] the values to report

    std::size_t size() const { return static_cast<std::size_t>(count * outputs); }
};

/// Keeps what the two passes share: the clean outputs and their gradient. A member of a method,
/// which calls clean() and then pull() in gradients():
///
///     pair_.clean(session);
///     pair_.pull(session, x_adv, "divergence", [&](const spar::PairBlock &b) {
///         spar::put_loss(session, b);
///         spar::add_divergence(session, divergence_.ref(), *beta_, true, b);
///     });
class Pair {
  public:
    /// Runs forward at the clean examples, keeps what the backward pass needs, and returns the
    /// outputs.
    const float *clean(const Session &session) {
        clean_.resize(session.count(), session.outputs());
        session.pass({.outputs = clean_.data(), .tape = slot, .forward_only = true});
        return clean_.data();
    }

    /// Where the other pass is: points, or texts as tokens where session.texts().
    struct Place {
        Place(const float *at) : x(at) {}
        Place(const spar_tokens *at) : tokens(at) {}
        const float *x = nullptr;
        const spar_tokens *tokens = nullptr;
    };

    /// After clean(): runs forward at `other`, then backward through both passes.
    /// objective(block) adds the gradients of each row's objective; pull() turns them into those of
    /// the batch mean, and reports the mean of the values under `name`.
    template <class Objective>
    void pull(const Session &session, Place other, const char *name, Objective &&objective) {
        const std::int64_t width = session.outputs();
        cotangent_.resize(session.count(), width);
        values_.assign(static_cast<std::size_t>(session.count()), 0.0F);
        const std::span<float> all = cotangent_.rows().flat();
        std::fill(all.begin(), all.end(), 0.0F);
        const auto mean = static_cast<float>(session.mean());
        auto head = [&](std::int64_t first, std::int64_t count, const float *outputs,
                        float *gradients) {
            const PairBlock block{first,     count,
                                  width,     clean_.data() + first * width,
                                  outputs,   cotangent_.data() + first * width,
                                  gradients, values_.data() + first};
            std::fill_n(gradients, block.size(), 0.0F);
            objective(block);
            for (std::size_t i = 0; i < block.size(); ++i) {
                block.other_gradient[i] *= mean;
                block.clean_gradient[i] *= mean;
            }
        };
        session.pass({.x = other.x, .head = head, .tokens = other.tokens});
        session.backward(slot, cotangent_.data(), SPAR_WANT_PARAMETER_GRADIENTS);
        if (name == nullptr) return;
        const double total = sum_of(values_.size(), [&](std::size_t i) { return values_[i]; });
        session.report(name, total * session.mean());
    }

    /// The gradient of the pipeline's loss at `other`: from one pass, or from both if the loss
    /// compares.
    void train_at(const Session &session, Place other);

  private:
    static constexpr std::int32_t slot = 1;
    Matrix clean_, cotangent_;
    std::vector<float> values_;
};

/// The pipeline's loss, to which an objective adds: at the clean outputs or, if it compares outputs
/// itself, at the other outputs with the clean ones as reference. The mean is over the examples
/// that have labels, while pull() divides by the number of all.
inline void put_loss(const Session &session, const PairBlock &b) {
    if (session.loss_compares())
        session.loss({.first = b.first,
                      .count = b.count,
                      .outputs = b.other,
                      .reference = b.clean,
                      .gradients = b.other_gradient,
                      .reference_gradients = b.clean_gradient});
    else
        session.loss({.first = b.first,
                      .count = b.count,
                      .outputs = b.clean,
                      .gradients = b.clean_gradient});
    if (session.labelled() == session.count()) return;
    const float share =
        static_cast<float>(session.count()) / static_cast<float>(session.labelled());
    for (std::size_t i = 0; i < b.size(); ++i) {
        b.clean_gradient[i] *= share;
        if (session.loss_compares()) b.other_gradient[i] *= share;
    }
}

inline void Pair::train_at(const Session &session, Place other) {
    if (!session.loss_compares())
        return session.pass({.x = other.x, .weight = session.mean(), .tokens = other.tokens});
    clean(session);
    pull(session, other, nullptr, [&](const PairBlock &b) { put_loss(session, b); });
}

/// Refuses a loss that does not compare outputs.
inline void require_comparing(const spar_component_ref &divergence) {
    const auto *table = static_cast<const spar_loss_table *>(divergence.table);
    if (table->needs == nullptr || (table->needs(divergence.self) & SPAR_LOSS_NEEDS_REFERENCE) == 0)
        throw invalid(std::string(divergence.type) +
                          " does not compare outputs: take kl, or mse with \"against\": "
                          "\"outputs\"",
                      "/divergence");
}

/// Adds weight * divergence(other, reference: clean); with through_clean it is pulled back through
/// the clean outputs too, otherwise these are constants.
inline void add_divergence(const Session &session, const spar_component_ref *divergence,
                           double weight, bool through_clean, const PairBlock &b) {
    require_comparing(*divergence);
    static thread_local std::vector<float> other, clean;  // no allocation once warm
    other.assign(b.size(), 0.0F);
    clean.assign(b.size(), 0.0F);
    session.loss({.first = b.first,
                  .count = b.count,
                  .outputs = b.other,
                  .reference = b.clean,
                  .values = b.values,
                  .gradients = other.data(),
                  .reference_gradients = clean.data()},
                 divergence);
    const auto factor = static_cast<float>(weight);
    for (std::size_t i = 0; i < b.size(); ++i) {
        b.other_gradient[i] += factor * other[i];
        if (through_clean) b.clean_gradient[i] += factor * clean[i];
    }
}

}  // namespace spar
