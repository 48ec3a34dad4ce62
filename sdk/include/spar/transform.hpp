// Write a transform of training data: change one example, in place, by random numbers of its own.
#pragma once

#include <spar/component.hpp>
#include <spar/tensor.hpp>

namespace SPAR_HIDDEN spar {

/// One example under a transform; see spar_transform_rows. Spans that do not apply are empty.
struct TransformExample {
    std::span<const std::int64_t> shape;  /// [channels, height, width], or [length]
    std::span<float> x;                   /// values, in [lower, upper] before and after
    std::span<std::int64_t> tokens;       /// or tokens with their mask
    std::span<float> mask;
    double lower, upper;
    Random random;  /// of this example, in this epoch
};

class Transform : public Component {
  public:
    using Kind = Transform;
    static constexpr spar_kind kind = SPAR_KIND_TRANSFORM;

    /// Throws `invalid` where examples of this shape cannot be changed so. Called before a run.
    virtual void require(std::span<const std::int64_t> shape, bool tokens) const = 0;
    virtual void apply(const TransformExample &example) const = 0;

    static const spar_transform_table *table();
};

inline const spar_transform_table *Transform::table() {
    static const spar_transform_table functions{
        sizeof(spar_transform_table), 0,
        [](void *self, const spar_transform_rows *rows, spar_error *error) {
            return guarded(error, [&] {
                const auto *transform = static_cast<const Transform *>(self);
                const std::span shape(rows->shape, static_cast<std::size_t>(rows->rank));
                const auto size = static_cast<std::size_t>(rows->size);
                transform->require(shape, rows->tokens != nullptr);
                for (std::int64_t i = 0; i < rows->count; ++i) {
                    TransformExample example{
                        shape, {}, {}, {}, rows->lower, rows->upper, {rows->key, rows->ids[i], 0}};
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
