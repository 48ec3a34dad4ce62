#include "kernels/kernels.hpp"

#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <sys/syscall.h>
#include <unistd.h>

#include <spar/error.hpp>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

namespace sequential {
namespace {

enum class Isa { plain, avx2, avx512, amx };

constexpr const char *names[] = {"plain", "avx2", "avx512", "amx"};

// The system grants a process the registers of AMX on request.
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

Isa asked_for() {
    const char *asked = std::getenv("SPAR_ISA");
    if (asked == nullptr) return Isa::amx;
    const auto *const name = std::ranges::find(names, std::string_view(asked));
    if (name == std::end(names))
        throw spar::Error(SPAR_E_UNSUPPORTED, "the environment's SPAR_ISA is \"" +
                                                  std::string(asked) +
                                                  "\", expected plain, avx2, avx512 or amx");
    return static_cast<Isa>(name - std::begin(names));
}

Isa isa() {
    static const Isa chosen = std::min(asked_for(), of_processor());
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
    return names[static_cast<int>(isa())];
}

const ConvBf16 *fast_conv_bf16() {
    return isa() == Isa::amx ? &conv_bf16_amx() : nullptr;
}

const ConvBf16 *conv_bf16() {
    static const bool emulate = std::getenv("SPAR_EMULATE_BF16") != nullptr;
    return emulate ? &kernels().conv_bf16 : fast_conv_bf16();
}

}  // namespace sequential
