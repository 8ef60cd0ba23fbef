// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot: runs, measures, checks and describes what ingotc makes. It contains no compiler, so that what it measures is
// the library.
#include "Commands.h"
#include "Failure.h"

#include <csignal>
#include <cstdio>

int main(int argc, char **argv) {
  CLI::App app("Runs, measures, checks and describes libraries made by ingotc.");
  app.require_subcommand(1);
  app.set_version_flag("--version", "ingot " INGOT_VERSION);
  ingot::addRun(app);
  ingot::addBench(app);
  ingot::addVerify(app);
  ingot::addCompare(app);
  ingot::addInspect(app);
  ingot::addStep(app);
  ingot::addTrain(app);
  ingot::addExport(app);
  ingot::addExplain(app);
  ingot::addAttack(app);
  ingot::addMachine(app);
  std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error like a full disk
  try {
    app.parse(argc, argv);
    return ingot::exitDone;
  } catch (const CLI::RuntimeError &error) { // it is told why
    return error.get_exit_code();
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? ingot::exitDone : ingot::exitBadUsage;
  } catch (const ingot::Failure &failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return failure.code;
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "ingot: error: out of memory\n");
    return ingot::exitBadInput;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "ingot: internal error: %s\n", error.what());
    return ingot::exitBug;
  }
}
