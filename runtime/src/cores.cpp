// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads the affinity mask, the cores' hyperthread siblings and the cgroup's CPU quota. Containers' users complain of
// runtimes that count the host's cores: each of the three bounds the count.
#include "cores.h"

#include <algorithm>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The start of a small file; false when it cannot be read.
static bool readText(const char *path, char *text, size_t capacity) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return false;
  ssize_t count = read(file, text, capacity - 1);
  close(file);
  text[count > 0 ? count : 0] = 0;
  return count > 0;
}

// Both the calling thread's mask and the main thread's: a host may have pinned either one.
static void readAffinity(cpu_set_t &mask) {
  cpu_set_t main;
  CPU_ZERO(&mask);
  CPU_ZERO(&main);
  sched_getaffinity(0, sizeof mask, &mask);
  if (sched_getaffinity(getpid(), sizeof main, &main) == 0)
    CPU_OR(&mask, &mask, &main);
}

// Two threads of one core share its vector units: a second one gains nothing in dense code.
static int32_t countCores(const cpu_set_t &mask) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &mask))
      continue;
    char path[96], siblings[64];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    int first = readText(path, siblings, sizeof siblings) ? atoi(siblings) : cpu;
    CPU_SET(first >= 0 && first < CPU_SETSIZE ? first : cpu, &cores);
  }
  return CPU_COUNT(&cores);
}

static int32_t quotaOf(double quota, double period) {
  return quota > 0 && period > 0 ? std::max(1, static_cast<int32_t>(quota / period + 0.999)) : INT32_MAX;
}

// The quota in a cgroup v2 folder ("max 100000" or "150000 100000").
static int32_t readQuota(const char *folder) {
  char path[512], text[64];
  snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", folder);
  double quota, period;
  if (!readText(path, text, sizeof text) || sscanf(text, "%lf %lf", &quota, &period) != 2)
    return INT32_MAX;
  return quotaOf(quota, period);
}

static int32_t cgroupQuota() {
  int32_t lowest = INT32_MAX;
  char text[512], quota[64], period[64];
  if (readText("/proc/self/cgroup", text, sizeof text)) {
    if (char *group = strstr(text, "0::/")) {
      group += 3;
      group[strcspn(group, "\n")] = 0;
      // A parent's quota binds too.
      for (; *group; *strrchr(group, '/') = 0)
        lowest = std::min(lowest, readQuota(group));
    }
  }
  lowest = std::min(lowest, readQuota(""));
  if (readText("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota, sizeof quota) &&
      readText("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period, sizeof period))
    lowest = std::min(lowest, quotaOf(atof(quota), atof(period)));
  return lowest;
}

int32_t ingot::usableCores(int32_t maximum) {
  if (const char *text = getenv("INGOT_THREADS"))
    if (int count = atoi(text); count > 0)
      return std::min(count, maximum);
  cpu_set_t mask;
  readAffinity(mask);
  return std::clamp(std::min(countCores(mask), cgroupQuota()), 1, maximum);
}

void ingot::allowAllCores() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(getpid(), sizeof mask, &mask) == 0)
    sched_setaffinity(0, sizeof mask, &mask);
}
