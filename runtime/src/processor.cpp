// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// CPUID, and XGETBV for whether the operating system saves the wide registers.
#include "processor.h"

#include "ingot/program.h"

#include <stdio.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {
struct Leaf {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  explicit Leaf(uint32_t number, uint32_t part = 0) { __get_cpuid_count(number, part, &a, &b, &c, &d); }
};
} // namespace

static bool hasAll(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

static uint64_t savedRegisters(const Leaf &basic) {
  if (!(basic.c & bit_OSXSAVE))
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

// Linux gives the tile registers only to processes that ask.
static bool askForTiles() {
  constexpr long requestPermission = 0x1023, tileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}

uint64_t ingot::processorFeatures() {
  Leaf basic(1), extended(7), extended1(7, 1), amd(0x80000001);
  uint64_t saved = savedRegisters(basic), features = 0;
  bool wide = (saved & 0x6) == 0x6, wider = (saved & 0xe6) == 0xe6, tiles = (saved & 0x60000) == 0x60000;
  constexpr uint32_t bitLzcnt = 1u << 5, bitSahf = 1u << 0;
  if (hasAll(basic.c, bit_SSE3 | bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT | bit_CMPXCHG16B) &&
      hasAll(amd.c, bitSahf))
    features |= INGOT_CPU_V2;
  if ((features & INGOT_CPU_V2) && wide && hasAll(basic.c, bit_AVX | bit_FMA | bit_F16C | bit_MOVBE) &&
      hasAll(extended.b, bit_AVX2 | bit_BMI | bit_BMI2) && hasAll(amd.c, bitLzcnt))
    features |= INGOT_CPU_V3;
  if ((features & INGOT_CPU_V3) && wider &&
      hasAll(extended.b, bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL))
    features |= INGOT_CPU_V4;
  if ((features & INGOT_CPU_V4) && (extended.c & bit_AVX512VNNI))
    features |= INGOT_CPU_VNNI;
  if ((features & INGOT_CPU_V4) && (extended1.a & 1u << 5))
    features |= INGOT_CPU_BF16;
  if ((features & INGOT_CPU_V3) && (extended1.a & 1u << 4))
    features |= INGOT_CPU_AVXVNNI;
  constexpr uint32_t amx = 1u << 22 | 1u << 24 | 1u << 25; // bf16, tile, int8
  if (tiles && hasAll(extended.d, amx) && askForTiles())
    features |= INGOT_CPU_AMX;
  return features;
}
#else
uint64_t ingot::processorFeatures() { return 0; }
#endif

void ingot::nameFeatures(uint64_t features, char *text, uint64_t capacity) {
  static constexpr struct {
    uint64_t feature;
    const char *name;
  } names[] = {{INGOT_CPU_V2, "SSE4.2"},         {INGOT_CPU_V3, "AVX2+FMA"},       {INGOT_CPU_V4, "AVX-512"},
               {INGOT_CPU_VNNI, "AVX-512-VNNI"}, {INGOT_CPU_BF16, "AVX-512-BF16"}, {INGOT_CPU_AMX, "AMX"},
               {INGOT_CPU_AVXVNNI, "AVX-VNNI"}};
  uint64_t used = 0;
  text[0] = 0;
  for (auto &entry : names)
    if ((features & entry.feature) && used < capacity)
      used += static_cast<uint64_t>(snprintf(text + used, capacity - used, "%s%s", used ? " " : "", entry.name));
}
