// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The processes ("ranks") of a data-parallel training: what they add up, and how they agree. The engine that carries it
// is somebody else's: MPI (Mpi.cpp); others join by implementing this interface.
#pragma once
#include "Failure.h"
#include "ingot/runtime.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ingot {

/// All ranks call the same functions in the same order. Used by one thread.
class Reduction {
public:
  /// Leaves the others; every rank has to come here.
  virtual ~Reduction() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  bool isFirst() const { return rank() == 0; }
  /// Who carries it, for people: "Open MPI v4.1.4".
  virtual std::string name() const = 0;

  /// Begins to add up `count` float32 or float64 elements over all ranks, in place; every rank gets the same sums. The
  /// memory must not be touched until finishSums.
  virtual void beginSum(void *elements, int64_t count, ingot_dtype dtype) = 0;
  /// Lets sums that have begun go on.
  virtual void progress() = 0;
  virtual void finishSums() = 0;
  /// Copies the bytes of one rank to all others.
  virtual void broadcast(void *data, int64_t bytes, int from) = 0;
  /// Ends all processes.
  [[noreturn]] virtual void abort(int code) = 0;

  /// The sums of a few numbers.
  void sum(std::vector<double> &numbers);
  /// Everybody's text, in the order of ranks.
  std::vector<std::string> exchange(const std::string &own);
  /// The first rank's text.
  void share(std::string &text);
};

/// Joins the processes that mpirun started, through the system's MPI, which is opened now: the one whose mpirun it was,
/// or the library that the environment's INGOT_MPI names. A Failure says that there is none, or that it is of a kind
/// which is not known.
std::unique_ptr<Reduction> joinMpi();

/// A failure that all ranks know of: each throws it at the same place, and one tells.
struct AgreedFailure : Failure {
  AgreedFailure(const Failure &failure, bool isToldElsewhere) : Failure(failure), isToldElsewhere(isToldElsewhere) {}
  bool isToldElsewhere;
};

enum class Who { Everyone, First };

/// Does the work, on every rank or on the first alone. When it throws a Failure on any rank, all throw an
/// AgreedFailure. Without ranks (null) just the work.
void together(Reduction *ranks, Who who, const std::function<void()> &work);

} // namespace ingot
