// The norms that a threat model may have: the one place that lists them. A norm is a file in
// spar/norms/ and a line here.
#pragma once

#include <spar/error.hpp>
#include <spar/norms/l0.hpp>
#include <spar/norms/l1.hpp>
#include <spar/norms/l2.hpp>
#include <spar/norms/linf.hpp>

namespace SPAR_HIDDEN spar {
namespace norms {

inline Error unknown(spar_norm norm) {
    return {SPAR_E_UNSUPPORTED, "the threat model's norm has the number " + std::to_string(norm) +
                                    ", which this program knows no norm for: build it with the "
                                    "SDK of the host"};
}

/// Calls use(Linf()), or whichever the norm is. Throws for a number that is not a norm.
template <class Use>
decltype(auto) of(spar_norm norm, Use &&use) {
    switch (norm) {
        case SPAR_NORM_LINF:
            return use(Linf());
        case SPAR_NORM_L2:
            return use(L2());
        case SPAR_NORM_L1:
            return use(L1());
        case SPAR_NORM_L0:
            return use(L0());
        default:
            throw unknown(norm);
    }
}

/// "linf"
inline const char *word(spar_norm norm) {
    return of(norm, [](auto it) { return it.word; });
}

}  // namespace norms
}  // namespace spar
