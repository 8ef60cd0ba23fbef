// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "GradientBuckets.h"

#include <set>

namespace ingot {

GradientBuckets::GradientBuckets(const ingot_description &about, const ingot_description &update, char *state,
                                 Reduction &ranks, int64_t leastBytes)
    : state(state), ranks(&ranks), bucketOf(size_t(about.state_count), -1) {
  std::set<int64_t> used;
  for (int64_t i = 0; i < update.state_count; ++i)
    if (update.state[i].port.role == INGOT_GRADIENT)
      used.insert(update.state[i].offset);
  bool isNeighbour = false; // what lies between two tensors of a bucket is nobody else's
  for (int64_t i = about.state_count; i-- > 0;) {
    const ingot_state_tensor &tensor = about.state[i];
    auto dtype = static_cast<ingot_dtype>(tensor.port.dtype);
    if (tensor.port.role != INGOT_GRADIENT || !used.count(tensor.offset)) {
      isNeighbour = false;
      continue;
    }
    if (dtype != INGOT_F32 && dtype != INGOT_F64)
      throw Failure(exitBadInput, about.name,
                    std::string("gradients of 16 bits cannot be added up over machines yet: ") + tensor.port.name);
    if (!isNeighbour || buckets.back().dtype != dtype || buckets.back().end - buckets.back().begin >= leastBytes)
      buckets.push_back({tensor.offset, tensor.offset + tensor.bytes, dtype, 0, 0});
    buckets.back().begin = tensor.offset;
    ++buckets.back().tensors;
    bucketOf[size_t(i)] = int64_t(buckets.size()) - 1;
    isNeighbour = true;
  }
}

void GradientBuckets::start() {
  next = 0;
  for (Bucket &bucket : buckets)
    bucket.missing = bucket.tensors;
}

void GradientBuckets::observe(void *buckets, int64_t tensor) {
  static_cast<GradientBuckets *>(buckets)->complete(tensor);
}

void GradientBuckets::complete(int64_t tensor) {
  if (bucketOf[size_t(tensor)] < 0)
    return;
  --buckets[size_t(bucketOf[size_t(tensor)])].missing;
  beginComplete();
  ranks->progress();
}

void GradientBuckets::beginComplete() {
  for (; next < size() && buckets[size_t(next)].missing <= 0; ++next) {
    const Bucket &bucket = buckets[size_t(next)];
    // What lies between two tensors is zero on all ranks->
    ranks->beginSum(state + bucket.begin, (bucket.end - bucket.begin) / (bucket.dtype == INGOT_F32 ? 4 : 8),
                    bucket.dtype);
  }
}

void GradientBuckets::finish() {
  for (Bucket &bucket : buckets)
    bucket.missing = 0;
  beginComplete();
  ranks->finishSums();
}

} // namespace ingot
