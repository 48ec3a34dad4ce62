// Write an optimizer: what to keep for each tensor, and how to update it from its gradient.
#pragma once

#include <spar/component.hpp>
#include <spar/tensor.hpp>

namespace SPAR_HIDDEN spar {

/// The update of one tensor, or a piece of one, at one step.
struct Update {
    std::int64_t step;                /// 1 for the first
    double rate_factor;               /// the schedule's; the rate is the component's own times this
    std::span<float> parameter;       /// the tensor, or the piece
    std::span<const float> gradient;  /// as long
    float *const *state;              /// state().size() arrays as long
    std::span<const std::int64_t> shape;  /// of the whole tensor
    std::int64_t offset;                  /// of the first element in the whole tensor

    std::span<float> memory(std::size_t index) const { return {state[index], parameter.size()}; }
};

/// Base of an optimizer. The host keeps the state that state() names and calls update() once per
/// step for each tensor, or piece of one, on several threads at once. Plain gradient descent is
///
///     for (std::size_t i = 0; i < u.parameter.size(); ++i)
///         u.parameter[i] -= static_cast<float>(*rate_ * u.rate_factor) * u.gradient[i];
class Optimizer : public Component {
  public:
    using Kind = Optimizer;
    static constexpr spar_kind kind = SPAR_KIND_OPTIMIZER;

    /// Names of the arrays that it keeps for each tensor, zero before the first step. Static text.
    virtual std::vector<const char *> state() const = 0;
    /// Called for several tensors, or pieces of them, at the same time.
    virtual void update(const Update &update) const = 0;
    /// Whether an element's update depends on that element's parameter, gradient and state alone.
    /// If so, tensors arrive in pieces that threads share and caches hold; otherwise whole.
    virtual bool elementwise() const { return false; }

    static const spar_optimizer_table *table();
};

inline const spar_optimizer_table *Optimizer::table() {
    static const spar_optimizer_table functions{
        .struct_size = sizeof(spar_optimizer_table),
        .reserved = 0,
        .state_count =
            [](void *self) {
                return static_cast<std::int64_t>(
                    static_cast<const Optimizer *>(self)->state().size());
            },
        .state_name = [](void *self, std::int64_t index) -> const char * {
            return static_cast<const Optimizer *>(self)->state()[static_cast<std::size_t>(index)];
        },
        .update =
            [](void *self, const spar_update *in, spar_error *error) {
                return guarded(error, [&] {
                    const auto size = static_cast<std::size_t>(in->size);
                    static_cast<const Optimizer *>(self)->update(
                        {.step = in->step,
                         .rate_factor = in->rate_factor,
                         .parameter = {in->parameter, size},
                         .gradient = {in->gradient, size},
                         .state = in->state,
                         .shape = {in->shape, static_cast<std::size_t>(in->rank)},
                         .offset = in->offset});
                });
            },
        .traits = [](void *self) -> spar_optimizer_traits {
            return static_cast<const Optimizer *>(self)->elementwise() ? SPAR_OPTIMIZER_ELEMENTWISE
                                                                       : 0U;
        }};
    return &functions;
}

}  // namespace spar
