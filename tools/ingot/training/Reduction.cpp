// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Reduction.h"

#include <algorithm>
#include <optional>

namespace ingot {

void Reduction::sum(std::vector<double> &numbers) {
  beginSum(numbers.data(), int64_t(numbers.size()), INGOT_F64);
  finishSums();
}

std::vector<std::string> Reduction::exchange(const std::string &own) {
  std::vector<std::string> all(static_cast<size_t>(size()));
  for (int from = 0; from < size(); ++from) {
    std::string &text = all[size_t(from)];
    if (from == rank())
      text = own;
    auto bytes = int64_t(text.size());
    broadcast(&bytes, sizeof bytes, from);
    text.resize(size_t(bytes));
    broadcast(text.data(), bytes, from);
  }
  return all;
}

void Reduction::share(std::string &text) {
  auto bytes = int64_t(text.size());
  broadcast(&bytes, sizeof bytes, 0);
  text.resize(size_t(bytes));
  broadcast(text.data(), bytes, 0);
}

void together(Reduction *ranks, Who who, const std::function<void()> &work) {
  if (!ranks)
    return work();
  std::optional<Failure> own;
  if (who == Who::Everyone || ranks->isFirst()) {
    try {
      work();
    } catch (const Failure &failure) {
      own = failure;
    }
  }
  std::vector<double> codes(static_cast<size_t>(ranks->size()));
  codes[size_t(ranks->rank())] = own ? own->code : 0;
  ranks->sum(codes);
  auto first = std::find_if(codes.begin(), codes.end(), [](double code) { return code != 0; });
  if (first == codes.end())
    return;
  bool isMine = first - codes.begin() == ranks->rank();
  if (isMine && ranks->rank() == 0)
    throw AgreedFailure(*own, false);
  std::string where = "rank " + std::to_string(ranks->rank());
  throw AgreedFailure(isMine ? own->on(where) : Failure(ExitCode(*first), where, "another rank failed"), !isMine);
}

} // namespace ingot
