// Two steps of training through the C++ header of a library made from digits.onnx.
#include "cxx.hpp"
#include <cstdio>
#include <memory>

struct alignas(64) State {
  char bytes[cxx_STATE_BYTES];
};

int main() {
  std::vector<float> image(2 * 64, 1), logits(2 * 10);
  int64_t target[] = {3, 5};
  float first, second;
  auto state = std::make_unique<State>();
  cxx::Session session;
  session.initializeState(state.get());
  session.bindState(state.get());
  for (float *loss : {&first, &second})
    session.run({2}, image.data(), target, 1e-2, 0, loss, logits.data());
  auto steps = *reinterpret_cast<int64_t *>(state->bytes + cxx_step_OFFSET);
  std::printf("%d steps, the loss %s\n", int(steps), second < first ? "fell" : "did not fall");
  try {
    cxx::Session().run({2}, image.data(), target, 1e-2, 0, &first, logits.data());
  } catch (const ingot::Error &error) {
    std::puts(error.what());
  }
}
