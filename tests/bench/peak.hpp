// The machine's limits: what the processor does with nothing but independent fused multiply-adds in
// registers, and what memory does with nothing but a copy of arrays far beyond the caches.
#pragma once

#include <optional>

/// GFLOP/s (two per multiply-add) of `threads` threads at once, each kept busy for `seconds`.
double multiply_add_peak(int threads, double seconds);

/// The same in bfloat16: by the matrix instructions if `amx`, which the process must be allowed to
/// use; otherwise by AVX-512's dot products; nothing if the processor has neither.
std::optional<double> multiply_add_peak_bf16(int threads, double seconds, bool amx);

/// GB/s read and written together.
double memory_bandwidth(int threads, double seconds);
