// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Attribution.h"

#include <algorithm>

namespace ingot {
namespace {

// A line is a plane of one row.
struct Plane {
  int64_t height, width;
};

struct Window {
  int64_t top, left, bottom, right;
};

// Where windows begin along an axis: every `stride`, and once more at the end where that leaves places uncovered.
std::vector<int64_t> startsOf(int64_t extent, int64_t window, int64_t stride) {
  std::vector<int64_t> starts;
  for (int64_t start = 0; start + window < extent; start += stride)
    starts.push_back(start);
  starts.push_back(std::max<int64_t>(0, extent - window));
  return starts;
}

std::vector<Window> windowsOf(Plane plane, Plane size, Plane stride) {
  std::vector<Window> windows;
  for (int64_t top : startsOf(plane.height, size.height, stride.height))
    for (int64_t left : startsOf(plane.width, size.width, stride.width))
      windows.push_back(
          {top, left, std::min(plane.height, top + size.height), std::min(plane.width, left + size.width)});
  return windows;
}

void hide(std::span<double> example, const std::vector<double> &baseline, const PlaceGrid &grid, Plane plane,
          const Window &window) {
  for (int64_t before = 0; before < grid.before; ++before)
    for (int64_t y = window.top; y < window.bottom; ++y)
      for (int64_t i = window.left * grid.after; i < window.right * grid.after; ++i) {
        auto at = size_t((before * plane.height + y) * plane.width * grid.after + i);
        example[at] = baseline[at];
      }
}

} // namespace

Attribution occlusion(ScoreFunction &score, const Rows &example, const PlaceGrid &grid,
                      const OcclusionOptions &options) {
  auto planeOf = [](const std::vector<int64_t> &extents) {
    return Plane{extents.size() == 2 ? extents[0] : 1, extents.back()};
  };
  Plane plane = planeOf(grid.extents);
  std::vector<Window> windows = windowsOf(plane, planeOf(options.window), planeOf(options.stride));
  double whole = score.scores(example).front();
  Attribution sum(size_t(plane.height * plane.width)), covers(sum.size());
  for (size_t done = 0; done < windows.size();) {
    Rows some{example.shape, {}};
    size_t begin = done;
    for (; done < windows.size() && done - begin < size_t(options.batch); ++done) {
      some.append(example.values);
      hide(some.row(done - begin), options.baseline, grid, plane, windows[done]);
    }
    std::vector<double> scores = score.scores(some);
    for (size_t i = begin; i < done; ++i)
      for (int64_t y = windows[i].top; y < windows[i].bottom; ++y)
        for (int64_t x = windows[i].left; x < windows[i].right; ++x) {
          sum[size_t(y * plane.width + x)] += whole - scores[i - begin];
          covers[size_t(y * plane.width + x)] += 1;
        }
  }
  for (size_t i = 0; i < sum.size(); ++i)
    sum[i] /= std::max(1.0, covers[i]);
  return sum;
}

} // namespace ingot
