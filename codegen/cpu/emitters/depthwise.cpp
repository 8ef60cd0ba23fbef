#include "codegen/cpu/Emitter.h"
namespace ingot::cpu {
mlir::FailureOr<Division> emitDepthwise(Emission &emission) { return mlir::failure(); }
} // namespace ingot::cpu
