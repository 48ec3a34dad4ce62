// A head: any callable that turns a few rows of outputs into the gradient at these outputs, as
//     void(std::int64_t first, std::int64_t count, const float *outputs, float *gradients)
// It may be called for several blocks of rows at once, and `gradients` is null if none is wanted.
#pragma once

#include <spar/error.hpp>

#include <type_traits>

namespace SPAR_HIDDEN spar {

/// Refers to a callable without owning it; the callable must outlive the call that it is passed to.
struct HeadRef {
    spar_head function = nullptr;
    void *context = nullptr;

    HeadRef() = default;
    template <class Callable>
    requires std::is_invocable_v<Callable &, std::int64_t, std::int64_t, const float *, float *>
    HeadRef(Callable &callable)
        : function([](void *c, std::int64_t first, std::int64_t count, const float *outputs,
                      float *gradients, spar_error *error) {
              return guarded(
                  error, [&] { (*static_cast<Callable *>(c))(first, count, outputs, gradients); });
          }),
          context(const_cast<void *>(static_cast<const void *>(&callable))) {}
};

/// Like HeadRef, for the update between steps through a model's first stage:
///     void(std::int64_t first, std::int64_t count, float *x, const float *dx)
struct AscentRef {
    spar_ascent function = nullptr;
    void *context = nullptr;

    AscentRef() = default;
    template <class Callable>
    requires std::is_invocable_v<Callable &, std::int64_t, std::int64_t, float *, const float *>
    AscentRef(Callable &callable)
        : function([](void *c, std::int64_t first, std::int64_t count, float *x, const float *dx,
                      spar_error *error) {
              return guarded(error, [&] { (*static_cast<Callable *>(c))(first, count, x, dx); });
          }),
          context(const_cast<void *>(static_cast<const void *>(&callable))) {}
};

}  // namespace spar
