#include "kernels.hpp"

#include <dnnl.hpp>

#include <cstdlib>

namespace sequential {

const Kernels &kernels() {
    static const Kernels &chosen = []() -> const Kernels & {
        // oneDNN's choice decides the block: the environment may hold it below the processor's.
        const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
        const auto has = [&](dnnl::cpu_isa wanted) {
            return (isa & static_cast<unsigned>(wanted)) == static_cast<unsigned>(wanted);
        };
        if (has(dnnl::cpu_isa::avx512_core_bf16)) return kernels_avx512_bf16();
        if (has(dnnl::cpu_isa::avx512_core)) return kernels_avx512();
        if (has(dnnl::cpu_isa::avx2)) return kernels_avx2();
        return kernels_plain();
    }();
    return chosen;
}

bool coarse_kernels() {
    static const bool use = kernels().bf16 || std::getenv("SPAR_EMULATE_BF16") != nullptr;
    return use;
}

}  // namespace sequential
