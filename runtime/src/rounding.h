// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a thread's floating-point unit treats numbers below the smallest normal one, and how it rounds.
#pragma once
#include <stdint.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace ingot {

/// The calling thread's floating-point control register; nothing on processors where it is not known.
#if defined(__x86_64__)
inline uint64_t floatControl() { return _mm_getcsr() & ~0x3fu; } // without the flags of what has happened,
inline void setFloatControl(uint64_t control) {                  // which are kept
  _mm_setcsr((_mm_getcsr() & 0x3f) | static_cast<uint32_t>(control));
}
inline constexpr uint64_t flushSubnormals = 0x8040;      // results to zero, operands as zero
inline constexpr uint64_t standardFloatControl = 0x1f80; // to nearest even, no traps
#elif defined(__aarch64__)
inline uint64_t floatControl() { return __builtin_aarch64_get_fpcr(); }
inline void setFloatControl(uint64_t control) { __builtin_aarch64_set_fpcr(static_cast<uint32_t>(control)); }
inline constexpr uint64_t flushSubnormals = 1 << 24;
inline constexpr uint64_t standardFloatControl = 0;
#else
inline uint64_t floatControl() { return 0; }
inline void setFloatControl(uint64_t) {}
inline constexpr uint64_t flushSubnormals = 0, standardFloatControl = 0;
#endif

/// Gives the calling thread this control for its lifetime; then the one it had before.
class WithFloatControl {
public:
  explicit WithFloatControl(uint64_t control) : before(floatControl()), isChanged(control != before) {
    if (isChanged)
      setFloatControl(control);
  }
  ~WithFloatControl() {
    if (isChanged)
      setFloatControl(before);
  }
  WithFloatControl(const WithFloatControl &) = delete;
  WithFloatControl &operator=(const WithFloatControl &) = delete;

private:
  uint64_t before;
  bool isChanged;
};

} // namespace ingot
