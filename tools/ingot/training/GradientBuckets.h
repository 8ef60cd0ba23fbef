// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The gradients in a state, added up over all ranks in pieces while the backward pass still makes others.
#pragma once
#include "Reduction.h"

namespace ingot {

/// Neighbouring gradients share a bucket. Backward passes make the last parameters' gradients first, so buckets are
/// begun from the last one on: always in this order, so that all ranks begin the same sums in the same order whatever
/// each of them does.
class GradientBuckets {
public:
  /// Of the gradient step that `about` describes, and its `update`, which has the gradients that it uses in its state:
  /// other steps' are left alone. `state` is their state block; a bucket has at least `leastBytes`, but for the rest. A
  /// Failure says that gradients have a type that cannot be reduced.
  GradientBuckets(const ingot_description &about, const ingot_description &update, char *state, Reduction &ranks,
                  int64_t leastBytes = 1 << 20);

  /// Before a gradient step whose gradients are final.
  void start();
  /// Gradient `tensor` (of the description's state) is complete: an ingot_gradient_observer with a GradientBuckets.
  static void observe(void *buckets, int64_t tensor);
  void complete(int64_t tensor);
  /// Begins what has not begun, and waits until all gradients are everybody's sums.
  void finish();

  int64_t size() const { return int64_t(buckets.size()); }
  /// Those begun since `start`.
  int64_t begun() const { return next; }

private:
  struct Bucket {
    int64_t begin, end; // bytes of the state block
    ingot_dtype dtype;
    int64_t tensors, missing;
  };
  void beginComplete();

  char *state;
  Reduction *ranks;
  std::vector<Bucket> buckets;   // the last gradients' first
  std::vector<int64_t> bucketOf; // of each tensor in the state; -1: no gradient
  int64_t next = 0;
};

} // namespace ingot
