// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/process/PeakMemory.h"

#include <cstdlib>
#include <fstream>
#include <string>

namespace ingot {

int64_t peakMemory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0)
      return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024;
  return 0;
}

} // namespace ingot
