#include "kernels/kernels.hpp"

#include <sys/syscall.h>
#include <unistd.h>
#include <dnnl.hpp>

#include <cstdlib>

namespace sequential {
namespace {

// oneDNN's choice decides: the environment may hold it below the processor's.
bool may_use(dnnl::cpu_isa wanted) {
    const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
    return (isa & static_cast<unsigned>(wanted)) == static_cast<unsigned>(wanted);
}

// The system hands a process the registers of AMX when it asks for them.
bool may_use_amx() {
#if defined(__x86_64__) && defined(SYS_arch_prctl)
    constexpr int request_permission = 0x1023, tile_data = 18;  // of newer headers
    return may_use(dnnl::cpu_isa::avx512_core_amx) &&
           syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
}

}  // namespace

const Kernels &kernels() {
    static const Kernels &chosen = []() -> const Kernels & {
        if (may_use(dnnl::cpu_isa::avx512_core)) return kernels_avx512();
        if (may_use(dnnl::cpu_isa::avx2)) return kernels_avx2();
        return kernels_plain();
    }();
    return chosen;
}

const CoarseConv *fast_coarse_conv() {
    static const bool allowed = may_use_amx();
    return allowed ? &coarse_conv_amx() : nullptr;
}

const CoarseConv *coarse_conv() {
    static const bool emulate = std::getenv("SPAR_EMULATE_BF16") != nullptr;
    return emulate ? &kernels().coarse_conv : fast_coarse_conv();
}

}  // namespace sequential
