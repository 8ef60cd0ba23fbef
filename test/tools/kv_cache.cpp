// As kv_cache.c, through the C++ class.
#include "odd.hpp"
#include <cmath>
#include <cstdio>
#include <vector>

int main() {
  constexpr int64_t room = 4;
  std::vector<float> x(room * 12), y(room * 21), last(21), sums(15), scaled(room * 21);
  std::vector<float> whole(3 * room * 5), parts(3 * room * 5), values(3 * room * 7), others(3 * room * 7);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(std::sin(i));
  odd::Session session;
  odd_dims dims = {1, room, 0, room};
  session.run(dims, x.data(), whole.data(), values.data(), y.data(), sums.data(), scaled.data());
  dims.steps = 1;
  auto step = [&](int64_t row) {
    session.run(dims, &x[row * 12], parts.data(), others.data(), last.data(), sums.data(), scaled.data());
  };
  for (; dims.past < room; ++dims.past)
    step(dims.past);
  float worst = 0;
  for (size_t i = 0; i < parts.size(); ++i)
    worst = std::fmax(worst, std::fabs(parts[i] - whole[i]));
  for (size_t i = 0; i < last.size(); ++i)
    worst = std::fmax(worst, std::fabs(last[i] - y[(room - 1) * 21 + i]));
  std::puts(worst < 1e-6f ? "the same in pieces" : "different in pieces");
  try {
    step(0);
  } catch (const ingot::Error &error) {
    std::puts(error.what());
  }
}
