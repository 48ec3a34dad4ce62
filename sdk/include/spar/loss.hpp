// Write a loss: the value of one example and the gradient at its outputs.
#pragma once

#include <spar/component.hpp>
#include <spar/tensor.hpp>

namespace SPAR_HIDDEN spar {

/// One example. Empty spans and null pointers are absent, or not wanted.
struct LossRow {
    std::span<const float> output;        /// K values
    std::span<const float> reference;     /// outputs of the same example elsewhere (clean, teacher)
    const std::int64_t *label;            /// class, in [0, K)
    std::span<const float> values;        /// K soft labels or regression targets
    const std::int64_t *target;           /// the class an attack aims for
    Random random;                        /// this example's numbers
    std::span<float> gradient;            /// out: d loss / d output
    std::span<float> reference_gradient;  /// out: d loss / d reference
};

/// Base of a loss. evaluate() sees one example and depends on nothing else; it is called for
/// training and by attacks, from several threads at once, so it is const:
///
///     double evaluate(const spar::LossRow &row) const override {
///         ...  // if (!row.gradient.empty()), fill it
///         return value;
///     }
class Loss : public Component {
  public:
    using Kind = Loss;
    static constexpr spar_kind kind = SPAR_KIND_LOSS;

    /// Returns the loss of one example and fills the gradients that are wanted. Called from several
    /// threads at once.
    virtual double evaluate(const LossRow &row) const = 0;
    /// What evaluate() requires.
    virtual spar_loss_needs needs() const { return 0; }

    static const spar_loss_table *table();
};

inline const spar_loss_table *Loss::table() {
    static const spar_loss_table functions{
        .struct_size = sizeof(spar_loss_table),
        .reserved = 0,
        .evaluate =
            [](void *self, const spar_loss_rows *in, spar_error *error) {
                return guarded(error, [&] {
                    const auto *loss = static_cast<const Loss *>(self);
                    const auto width = static_cast<std::size_t>(in->outputs);
                    const auto row_of = [&](auto *base, std::int64_t i) {
                        using Span = std::span<std::remove_pointer_t<decltype(base)>>;
                        return base != nullptr ? Span(base + i * in->outputs, width) : Span();
                    };
                    for (std::int64_t i = 0; i < in->count; ++i) {
                        const std::int64_t id = in->ids != nullptr ? in->ids[i] : i;
                        const LossRow row{
                            .output = row_of(in->output, i),
                            .reference = row_of(in->reference, i),
                            .label = in->labels != nullptr ? in->labels + i : nullptr,
                            .values = row_of(in->values, i),
                            .target = in->targets != nullptr ? in->targets + i : nullptr,
                            .random = Random(in->key, id),
                            .gradient = row_of(in->gradient, i),
                            .reference_gradient = row_of(in->reference_gradient, i)};
                        const double value = loss->evaluate(row);
                        if (in->loss != nullptr) in->loss[i] = static_cast<float>(value);
                    }
                });
            },
        .needs = [](void *self) { return static_cast<const Loss *>(self)->needs(); }};
    return &functions;
}

/// Calls a loss that came as a parameter.
inline void evaluate(const spar_component_ref &loss, const spar_loss_rows &rows) {
    const auto *table = static_cast<const spar_loss_table *>(loss.table);
    checked([&](spar_error *e) { return table->evaluate(loss.self, &rows, e); });
}

inline spar_loss_needs needs(const spar_component_ref &loss) {
    const auto *table = static_cast<const spar_loss_table *>(loss.table);
    return table->needs != nullptr ? table->needs(loss.self) : 0U;
}

}  // namespace spar
