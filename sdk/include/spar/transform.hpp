// Write a transform of training data: change one example, in place, by random numbers of its own.
#pragma once

#include <spar/component.hpp>
#include <spar/tensor.hpp>

namespace SPAR_HIDDEN spar {

/// What all examples have in common.
struct ExampleForm {
    std::span<const std::int64_t> shape;  /// [channels, height, width], or [length]
    bool tokens;
    double lower, upper;  /// the box of values
};

/// One example under a transform; see spar_transform_rows. Spans that do not apply are empty.
struct TransformExample {
    ExampleForm form;
    std::span<float> x;              /// values, in their box before and after
    std::span<std::int64_t> tokens;  /// or tokens with their mask
    std::span<float> mask;
    Random random;  /// of this example in this epoch
};

/// Base of a transform. The host calls require() before a run, once the data is open, and apply()
/// for every training example in every epoch, on several threads at once. All randomness comes from
/// `example.random`:
///
///     spar::Random random = example.random;
///     if (random.uniform(0) < *share_) std::ranges::reverse(example.x);
class Transform : public Component {
  public:
    using Kind = Transform;
    static constexpr spar_kind kind = SPAR_KIND_TRANSFORM;

    /// Throws `invalid` if examples of this form cannot be transformed. Called before a run.
    virtual void require(const ExampleForm &form) const = 0;
    /// Called for several examples at the same time.
    virtual void apply(const TransformExample &example) const = 0;

    static const spar_transform_table *table();
};

inline const spar_transform_table *Transform::table() {
    static const spar_transform_table functions{
        .struct_size = sizeof(spar_transform_table),
        .reserved = 0,
        .apply = [](void *self, const spar_transform_rows *rows, spar_error *error) {
            return guarded(error, [&] {
                const auto *transform = static_cast<const Transform *>(self);
                const ExampleForm form{.shape = {rows->shape, static_cast<std::size_t>(rows->rank)},
                                       .tokens = rows->tokens != nullptr,
                                       .lower = rows->lower,
                                       .upper = rows->upper};
                const auto size = static_cast<std::size_t>(rows->size);
                transform->require(form);
                for (std::int64_t i = 0; i < rows->count; ++i) {
                    TransformExample example{.form = form,
                                             .x = {},
                                             .tokens = {},
                                             .mask = {},
                                             .random = {rows->key, rows->ids[i]}};
                    if (rows->x != nullptr) example.x = {rows->x + i * rows->size, size};
                    if (rows->tokens != nullptr) {
                        example.tokens = {rows->tokens + i * rows->size, size};
                        example.mask = {rows->mask + i * rows->size, size};
                    }
                    transform->apply(example);
                }
            });
        }};
    return &functions;
}

}  // namespace spar
