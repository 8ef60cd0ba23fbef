// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What this machine can do at most, measured: the ceilings that kernels are compared with.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace ingot {

struct MachinePeak {
  struct Bandwidth {
    int64_t bytes; ///< memory that all threads together went through
    double gigabytesPerSecond;
  };
  int32_t threads;
  std::string instructions;          ///< that the arithmetic was measured with: "AVX-512", "AVX2", "baseline"
  double gigaflops;                  ///< float32, a fused multiply-add counts two
  std::vector<Bandwidth> bandwidths; ///< from small (caches) to large (memory)
};

/// Measures with so many threads at once, for about a second. Each figure is the best of several tries, since others
/// may use the machine too.
MachinePeak measureMachine(int32_t threads);

} // namespace ingot
