// Two passes over the same examples, clean and elsewhere, under one objective that looks at the
// outputs of both and is pulled back through both: TRADES, MART, SMART, ALUM, VAT, R3F.
#pragma once

#include <spar/method.hpp>

namespace SPAR_HIDDEN spar {

/// A few rows of both passes. The gradients are zero at first; an objective adds to them.
struct PairBlock {
    std::int64_t first, count, outputs;
    const float *clean, *other;              /// [count, outputs]
    float *clean_gradient, *other_gradient;  /// [count, outputs]
    float *values;                           /// [count] what is to be reported

    std::size_t size() const { return static_cast<std::size_t>(count * outputs); }
};

class Pair {
  public:
    /// Goes forward at the clean examples, keeps what the way back needs, and returns the outputs.
    const float *clean(const Session &session) {
        clean_.resize(session.count(), session.outputs());
        session.pass({.outputs = clean_.data(), .tape = slot, .forward_only = true});
        return clean_.data();
    }

    /// After clean(): goes forward at `x_other`, and back through both passes. objective(block)
    /// adds the gradients of each row's objective; here they become those of the batch's mean. The
    /// mean of the blocks' values is reported under `name`.
    template <class Objective>
    void pull(const Session &session, const float *x_other, const char *name,
              Objective &&objective) {
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
        session.pass({.x = x_other, .head = head});
        session.backward(slot, cotangent_.data(), SPAR_WANT_PARAMETER_GRADIENTS);
        if (name == nullptr) return;
        const double total = sum_of(values_.size(), [&](std::size_t i) { return values_[i]; });
        session.report(name, total * session.mean());
    }

    /// The gradient of the pipeline's loss at `x_other`: from one pass, or from both for a loss
    /// that compares.
    void train_at(const Session &session, const float *x_other);

  private:
    static constexpr std::int32_t slot = 1;
    Matrix clean_, cotangent_;
    std::vector<float> values_;
};

/// The pipeline's loss, before anything is added to it: at the clean outputs, or, where it compares
/// outputs itself, at the others with the clean ones beside them.
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
}

inline void Pair::train_at(const Session &session, const float *x_other) {
    if (!session.loss_compares()) return session.pass({.x = x_other, .weight = session.mean()});
    clean(session);
    pull(session, x_other, nullptr, [&](const PairBlock &b) { put_loss(session, b); });
}

/// Refuses a loss that does not look at the outputs elsewhere.
inline void require_comparing(const spar_component_ref &divergence) {
    const auto *table = static_cast<const spar_loss_table *>(divergence.table);
    if (table->needs == nullptr || (table->needs(divergence.self) & SPAR_LOSS_NEEDS_REFERENCE) == 0)
        throw invalid(std::string(divergence.type) +
                          " does not compare outputs: take kl, or mse with \"against\": "
                          "\"outputs\"",
                      "/divergence");
}

/// Adds weight * divergence(other, reference: clean); with through_clean it is pulled back through
/// the clean outputs too, else these are taken as given.
inline void add_divergence(const Session &session, const spar_component_ref *divergence,
                           double weight, bool through_clean, const PairBlock &b) {
    require_comparing(*divergence);
    static thread_local std::vector<float> other, clean;  // a warm step asks for no memory
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
