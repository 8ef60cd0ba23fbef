// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

namespace ingot {

using Clock = std::chrono::steady_clock;

Progress::Progress(int64_t total) : total(total), isTerminal(isatty(STDERR_FILENO)), started(Clock::now()) {}

void Progress::advance(int64_t steps, const std::string &title, double share, double loss, double examplesPerSecond) {
  done += steps;
  if (!isTerminal)
    return;
  auto now = Clock::now();
  if (isShown && now - drawn < std::chrono::milliseconds(100))
    return;
  double elapsed = std::chrono::duration<double>(now - started).count();
  double left = elapsed / double(std::max<int64_t>(1, done)) * double(std::max<int64_t>(0, total - done));
  fmt::print(stderr, "\r\x1b[K{} {} loss {:.4g}  {:.0f} examples/s  {} left", title, formatBar(share, 24), loss,
             examplesPerSecond, formatDuration(left));
  std::fflush(stderr);
  isShown = true;
  drawn = now;
}

void Progress::clear() {
  if (!isShown)
    return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  isShown = false;
}

std::string formatDuration(double seconds) {
  auto whole = std::isfinite(seconds) ? std::llround(std::clamp(seconds, 0.0, 1e9)) : 0;
  if (whole >= 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string formatBar(double share, int length) {
  int filled = int(std::lround(std::clamp(share, 0.0, 1.0) * length));
  std::string bar;
  for (int i = 0; i < length; ++i)
    bar += i < filled ? "━" : "┄";
  return bar;
}

} // namespace ingot
