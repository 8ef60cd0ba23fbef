// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/process/ProcessorName.h"

#include <fstream>

namespace ingot {

std::string processorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "";
}

} // namespace ingot
