// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arithmetic: independent chains of fused multiply-adds in registers, enough to fill two pipelines of latency four.
// Memory: reading an array, and writing one array from another; the faster of both.
#include "Peak.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <thread>

namespace ingot {
namespace {

constexpr double tryTime = 0.01; // seconds
constexpr int tries = 12;
constexpr int64_t steps = 4096; // of a chain, between two looks at the clock

/// Seconds that this thread has run: waiting for its turn on a busy machine does not count.
double runningTime() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Vector types of the compiler's own: no intrinsics, and other processors get the narrow one.
typedef float Lanes16 __attribute__((vector_size(64)));
typedef float Lanes8 __attribute__((vector_size(32)));
typedef float Lanes4 __attribute__((vector_size(16)));

/// Chains of x = x * a + b in registers; the compiler may not see through `a` and `b`.
template <typename Lanes, int chains>
inline __attribute__((always_inline)) float multiplyAndAdd(float a, float b) {
#pragma clang fp contract(fast)
  Lanes x[chains], factor = Lanes{} + a, summand = Lanes{} + b;
  for (int i = 0; i < chains; ++i)
    x[i] = Lanes{} + static_cast<float>(i);
  for (int64_t step = 0; step < steps; ++step)
#pragma unroll
    for (int i = 0; i < chains; ++i)
      x[i] = x[i] * factor + summand;
  for (int i = 1; i < chains; ++i)
    x[0] += x[i];
  return x[0][0];
}

struct Arithmetic {
  const char *name;
  double operations; ///< of one call
  float (*run)(float, float);
};

#if defined(__x86_64__)
__attribute__((target("avx512f"))) float runAvx512(float a, float b) { return multiplyAndAdd<Lanes16, 12>(a, b); }
__attribute__((target("avx2,fma"))) float runAvx2(float a, float b) { return multiplyAndAdd<Lanes8, 12>(a, b); }
#endif
float runBaseline(float a, float b) { return multiplyAndAdd<Lanes4, 12>(a, b); }

Arithmetic chooseArithmetic() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {"AVX-512", 2.0 * 16 * 12 * steps, runAvx512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {"AVX2", 2.0 * 8 * 12 * steps, runAvx2};
#endif
  return {"baseline", 2.0 * 4 * 12 * steps, runBaseline};
}

std::atomic<float> sink; // what keeps results from being optimised away

/// The sum over all threads of how much work a second each did; the best of some tries.
double bestRate(int32_t threads, const std::function<double(int32_t thread)> &rate) {
  double best = 0;
  for (int number = 0; number < tries; ++number) {
    std::vector<double> rates(static_cast<size_t>(threads));
    std::atomic<int32_t> waiting(threads);
    std::vector<std::thread> workers;
    for (int32_t thread = 0; thread < threads; ++thread)
      workers.emplace_back([&, thread] {
        --waiting;
        while (waiting > 0)
          std::this_thread::yield();
        rates[static_cast<size_t>(thread)] = rate(thread);
      });
    for (std::thread &worker : workers)
      worker.join();
    double sum = 0;
    for (double one : rates)
      sum += one;
    best = std::max(best, sum);
  }
  return best;
}

double measureArithmetic(const Arithmetic &arithmetic, int32_t threads) {
  return bestRate(threads, [&](int32_t) {
    double begin = runningTime(), done = 0;
    do {
      sink = arithmetic.run(0.5f, static_cast<float>(done));
      done += arithmetic.operations;
    } while (runningTime() - begin < tryTime);
    return done / (runningTime() - begin);
  });
}

#if defined(__x86_64__)
#define INGOT_BEST_INSTRUCTIONS __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define INGOT_BEST_INSTRUCTIONS
#endif

INGOT_BEST_INSTRUCTIONS float readAll(const float *from, int64_t count) {
  constexpr int sums = 8;
  Lanes16 sum[sums] = {};
  for (int64_t i = 0; i + 16 * sums <= count; i += 16 * sums)
    for (int j = 0; j < sums; ++j)
      sum[j] += *reinterpret_cast<const Lanes16 *>(from + i + 16 * j);
  for (int j = 1; j < sums; ++j)
    sum[0] += sum[j];
  return sum[0][0];
}

INGOT_BEST_INSTRUCTIONS void scaleAll(float *to, const float *from, int64_t count) {
  for (int64_t i = 0; i + 16 <= count; i += 16)
    *reinterpret_cast<Lanes16 *>(to + i) = *reinterpret_cast<const Lanes16 *>(from + i) * 3;
}

struct FreeAligned {
  void operator()(float *memory) const { std::free(memory); }
};

double measureMemory(int64_t bytesPerThread, int32_t threads) {
  int64_t half = bytesPerThread / 2 / 512 * 512;
  std::vector<std::unique_ptr<float, FreeAligned>> arrays;
  for (int32_t thread = 0; thread < threads; ++thread) {
    arrays.emplace_back(static_cast<float *>(std::aligned_alloc(512, static_cast<size_t>(2 * half))));
    if (!arrays.back())
      return 0;
    std::fill_n(arrays.back().get(), 2 * half / 4, 1.0f);
  }
  auto rate = [&](int32_t thread, const std::function<void(float *)> &pass) {
    float *array = arrays[static_cast<size_t>(thread)].get();
    double begin = runningTime(), done = 0;
    do {
      for (int64_t covered = 0; covered < (1 << 20); covered += 2 * half) {
        pass(array);
        done += 2.0 * static_cast<double>(half);
      }
    } while (runningTime() - begin < tryTime);
    return done / (runningTime() - begin);
  };
  double reading = bestRate(threads, [&](int32_t thread) {
    return rate(thread, [&](float *array) { sink = readAll(array, 2 * half / 4); });
  });
  double scaling = bestRate(threads, [&](int32_t thread) {
    return rate(thread, [&](float *array) { scaleAll(array, array + half / 4, half / 4); });
  });
  return std::max(reading, scaling);
}

} // namespace

MachinePeak measureMachine(int32_t threads) {
  Arithmetic arithmetic = chooseArithmetic();
  MachinePeak peak{threads, arithmetic.name, measureArithmetic(arithmetic, threads) / 1e9, {}};
  for (int64_t bytesPerThread : {int64_t(24) << 10, int64_t(512) << 10, int64_t(8) << 20, int64_t(192) << 20}) {
    double rate = measureMemory(bytesPerThread, threads);
    if (rate > 0)
      peak.bandwidths.push_back({bytesPerThread * threads, rate / 1e9});
  }
  return peak;
}

} // namespace ingot
