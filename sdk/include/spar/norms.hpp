// The norms that a threat model may have: the one place that lists them. A norm is a file in
// spar/norms/, included here, and its name in All.
#pragma once

#include <spar/error.hpp>
#include <spar/norms/l0.hpp>
#include <spar/norms/l1.hpp>
#include <spar/norms/l2.hpp>
#include <spar/norms/linf.hpp>

namespace SPAR_HIDDEN spar {
namespace norms {

template <class... Norm>
struct List {};
using All = List<Linf, L2, L1, L0>;

inline Error unknown(spar_norm norm) {
    return {SPAR_E_UNSUPPORTED, "the threat model's norm has the number " + std::to_string(norm) +
                                    ", which this program knows no norm for: build it with the "
                                    "SDK of the host"};
}

/// Calls use(Linf()), or whichever the norm is. Throws for a number that is not a norm.
template <class Use, class First, class... Rest>
decltype(auto) of(spar_norm norm, Use &&use, List<First, Rest...>) {
    if (norm == First::value) return use(First());
    if constexpr (sizeof...(Rest) > 0)
        return of(norm, use, List<Rest...>());
    else
        throw unknown(norm);
}
template <class Use>
decltype(auto) of(spar_norm norm, Use &&use) {
    return of(norm, use, All());
}

/// "linf"
inline const char *word(spar_norm norm) {
    return of(norm, [](auto it) { return it.word; });
}

}  // namespace norms
}  // namespace spar
