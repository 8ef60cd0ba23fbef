// How an operation takes part in fusion: the traits that passes and code generation ask for.
#ifndef INGOT_INTERFACES_TD
#define INGOT_INTERFACES_TD

include "mlir/IR/OpBase.td"

class Ingot_Trait<string name> : NativeOpTrait<name> { let cppNamespace = "::ingot"; }

// Element i of the result depends on element i of the (broadcast) operands alone: joins any kernel.
def Pointwise : Ingot_Trait<"Pointwise">;
// The result is the operand seen through an index map (transpose, slice, broadcast, ...): costs no pass over memory.
def View : Ingot_Trait<"View">;
// The root of a kernel: at most one in each kernel.
def Root : Ingot_Trait<"Root">;

#endif
