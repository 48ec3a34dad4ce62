#include "kernels/kernels.hpp"

#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace sequential {
namespace {

enum class Isa { plain, avx2, avx512, amx };

// The system hands a process the registers of AMX when it asks for them.
bool has_amx() {
#if defined(__x86_64__) && defined(SYS_arch_prctl)
    constexpr int request_permission = 0x1023, tile_data = 18;  // of newer headers
    unsigned a = 0, b = 0, c = 0, d = 0;  // __builtin_cpu_supports does not know it everywhere
    constexpr unsigned amx_bf16 = 1U << 22;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & amx_bf16) != 0 &&
           syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
}

Isa of_processor() {
#ifdef __x86_64__
    const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (wide) return has_amx() ? Isa::amx : Isa::avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Isa::avx2;
#endif
    return Isa::plain;
}

Isa isa() {
    static const Isa chosen = [] {
        const char *asked = std::getenv("SPAR_ISA");
        const std::string_view name = asked != nullptr ? asked : "";
        const Isa most = name == "plain"    ? Isa::plain
                         : name == "avx2"   ? Isa::avx2
                         : name == "avx512" ? Isa::avx512
                                            : Isa::amx;
        return std::min(most, of_processor());
    }();
    return chosen;
}

}  // namespace

const Kernels &kernels() {
    static const Kernels &chosen = isa() >= Isa::avx512 ? kernels_avx512()
                                   : isa() == Isa::avx2 ? kernels_avx2()
                                                        : kernels_plain();
    return chosen;
}

const char *instruction_set() {
    switch (isa()) {
        case Isa::amx:
            return "amx";
        case Isa::avx512:
            return "avx512";
        case Isa::avx2:
            return "avx2";
        case Isa::plain:
            break;
    }
    return "plain";
}

const CoarseConv *fast_coarse_conv() {
    return isa() == Isa::amx ? &coarse_conv_amx() : nullptr;
}

const CoarseConv *coarse_conv() {
    static const bool emulate = std::getenv("SPAR_EMULATE_BF16") != nullptr;
    return emulate ? &kernels().coarse_conv : fast_coarse_conv();
}

}  // namespace sequential
