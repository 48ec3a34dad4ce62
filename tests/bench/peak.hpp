// The machine's multiply-add peak: what the processor does with nothing but independent fused
// multiply-adds in registers.
#pragma once

/// GFLOP/s (two per multiply-add) of `threads` threads at once, each kept busy for `seconds`.
double multiply_add_peak(int threads, double seconds);
