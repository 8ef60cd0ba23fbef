// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// MPI, opened at run time: nothing of it is needed to build Ingot, and trainings of one process never load it.
//
// There is one interface in C, but two binary ones: handles are pointers to symbols of the library (Open MPI), or
// numbers fixed by an agreement (MPICH, Intel MPI, MVAPICH; https://www.mpich.org/abi).
#include "Reduction.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <dlfcn.h>

namespace ingot {
namespace {

constexpr char option[] = "--distributed=mpi";

[[noreturn]] void fail(const std::string &text) { throw Failure(exitBadInput, option, text); }

/// The parts of the binary interface that differ.
template <typename Handle>
struct Constants {
  Handle world, float32, float64, byte, sum;
  void *inPlace, *ignoredStatuses;
};

Constants<void *> openMpiConstants(void *library) {
  auto symbol = [&](const char *name) {
    void *address = dlsym(library, name);
    return address ? address : (fail(std::string("the MPI library has no ") + name), nullptr);
  };
  return {symbol("ompi_mpi_comm_world"),
          symbol("ompi_mpi_float"),
          symbol("ompi_mpi_double"),
          symbol("ompi_mpi_byte"),
          symbol("ompi_mpi_op_sum"),
          reinterpret_cast<void *>(1),
          nullptr};
}

Constants<int> mpichConstants() {
  return {0x44000000,
          0x4c00040a,
          0x4c00080b,
          0x4c00010d,
          0x58000003,
          reinterpret_cast<void *>(-1),
          reinterpret_cast<void *>(1)};
}

template <typename Handle>
class Mpi : public Reduction {
public:
  Mpi(void *library, Constants<Handle> constants) : constants(constants) {
    load(library, "MPI_Init_thread", initialize);
    load(library, "MPI_Finalize", finalize);
    load(library, "MPI_Comm_rank", commRank);
    load(library, "MPI_Comm_size", commSize);
    load(library, "MPI_Iallreduce", iallreduce);
    load(library, "MPI_Testall", testall);
    load(library, "MPI_Waitall", waitall);
    load(library, "MPI_Bcast", bcast);
    load(library, "MPI_Abort", abortAll);
    load(library, "MPI_Get_library_version", libraryVersion);
    constexpr int funneled = 1; // only the thread that initialises MPI calls it
    int provided = 0;
    if (initialize(nullptr, nullptr, funneled, &provided) != 0)
      fail("MPI cannot be initialised");
    commRank(constants.world, &ownRank);
    commSize(constants.world, &ranks);
  }
  ~Mpi() override { finalize(); }

  int rank() const override { return ownRank; }
  int size() const override { return ranks; }
  std::string name() const override {
    char text[8192] = {};
    int length = 0;
    libraryVersion(text, &length);
    std::string version = text;
    return version.substr(0, version.find_first_of(",\n"));
  }

  void beginSum(void *elements, int64_t count, ingot_dtype dtype) override {
    bool isSingle = dtype == INGOT_F32;
    auto *data = static_cast<char *>(elements);
    for (int64_t begin = 0; begin < count; begin += largestMessage) {
      requests.emplace_back();
      check(iallreduce(constants.inPlace, data + begin * (isSingle ? 4 : 8),
                       int(std::min(count - begin, largestMessage)), isSingle ? constants.float32 : constants.float64,
                       constants.sum, constants.world, &requests.back()));
    }
  }

  void progress() override {
    int isDone = 0;
    if (!requests.empty())
      check(testall(int(requests.size()), requests.data(), &isDone, constants.ignoredStatuses));
    if (isDone)
      requests.clear();
  }

  void finishSums() override {
    if (!requests.empty())
      check(waitall(int(requests.size()), requests.data(), constants.ignoredStatuses));
    requests.clear();
  }

  void broadcast(void *data, int64_t bytes, int from) override {
    for (int64_t begin = 0; begin < bytes; begin += largestMessage)
      check(bcast(static_cast<char *>(data) + begin, int(std::min(bytes - begin, largestMessage)), constants.byte, from,
                  constants.world));
  }

  [[noreturn]] void abort(int code) override {
    abortAll(constants.world, code);
    std::_Exit(code);
  }

private:
  static constexpr int64_t largestMessage = 1 << 30; // counts are int

  template <typename Function>
  void load(void *library, const char *name, Function *&function) {
    function = reinterpret_cast<Function *>(dlsym(library, name));
    if (!function)
      fail(std::string("the MPI library has no ") + name);
  }

  void check(int status) const {
    if (status != 0)
      fail("MPI reports error " + std::to_string(status));
  }

  Constants<Handle> constants;
  int ownRank = 0, ranks = 1;
  std::vector<Handle> requests;
  int (*initialize)(int *, char ***, int, int *) = nullptr;
  int (*finalize)() = nullptr;
  int (*commRank)(Handle, int *) = nullptr;
  int (*commSize)(Handle, int *) = nullptr;
  int (*iallreduce)(const void *, void *, int, Handle, Handle, Handle, Handle *) = nullptr;
  int (*testall)(int, Handle *, int *, void *) = nullptr;
  int (*waitall)(int, Handle *, void *) = nullptr;
  int (*bcast)(void *, int, Handle, int, Handle) = nullptr;
  int (*abortAll)(Handle, int) = nullptr;
  int (*libraryVersion)(char *, int *) = nullptr;
};

/// What mpirun tells its processes.
struct Launcher {
  const char *sizeVariable;
  std::vector<std::string> libraries;
};

const Launcher &findLauncher() {
  static const Launcher openMpi{"OMPI_COMM_WORLD_SIZE", {"libmpi.so.40", "libmpi.so"}},
      mpich{"PMI_SIZE", {"libmpi.so.12", "libmpich.so.12", "libmpi.so"}},
      none{nullptr, {"libmpi.so.40", "libmpich.so.12", "libmpi.so.12", "libmpi.so"}};
  for (const Launcher *launcher : {&openMpi, &mpich})
    if (std::getenv(launcher->sizeVariable))
      return *launcher;
  return none;
}

void *openLibrary(const std::vector<std::string> &names) {
  std::string tried;
  for (const std::string &name : names) {
    // Its own plug-ins look for its symbols among the global ones.
    if (void *library = dlopen(name.c_str(), RTLD_NOW | RTLD_GLOBAL))
      return library;
    tried += (tried.empty() ? "" : ", ") + name;
  }
  fail("no MPI library is found (tried " + tried +
       "). Install Open MPI or MPICH, or name the library by the environment's INGOT_MPI");
}

} // namespace

std::unique_ptr<Reduction> joinMpi() {
  const char *named = std::getenv("INGOT_MPI");
  const Launcher &launcher = findLauncher();
  void *library = openLibrary(named && *named ? std::vector<std::string>{named} : launcher.libraries);
  std::unique_ptr<Reduction> ranks;
  if (dlsym(library, "ompi_mpi_comm_world"))
    ranks = std::make_unique<Mpi<void *>>(library, openMpiConstants(library));
  else if (dlsym(library, "MPIR_Dup_fn"))
    ranks = std::make_unique<Mpi<int>>(library, mpichConstants());
  else
    fail("this MPI is neither Open MPI nor of MPICH's kind");
  int started = launcher.sizeVariable ? std::atoi(std::getenv(launcher.sizeVariable)) : ranks->size();
  if (started != ranks->size())
    fail("mpirun started " + std::to_string(started) + " processes, but " + ranks->name() + " knows of " +
         std::to_string(ranks->size()) + ": it is another MPI than mpirun's. INGOT_MPI names the right library");
  return ranks;
}

} // namespace ingot
