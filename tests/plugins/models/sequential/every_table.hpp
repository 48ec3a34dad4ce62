// The kernels of every instruction set that this processor has.
#pragma once

#include "kernels/kernels.hpp"

#include <vector>

namespace spar::test {

inline std::vector<const sequential::Kernels *> tables() {
    std::vector<const sequential::Kernels *> all{&sequential::kernels_plain()};
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) all.push_back(&sequential::kernels_avx2());
    if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        all.push_back(&sequential::kernels_avx512());
#endif
    return all;
}

}  // namespace spar::test
