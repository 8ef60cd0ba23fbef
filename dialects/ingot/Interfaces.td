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

// What computing an operation's results costs. Roots whose work is not one operation for each element implement it.
def Cost : OpInterface<"Cost"> {
  let cppNamespace = "::ingot";
  let methods = [InterfaceMethod<
      "The additions, multiplications, comparisons and functions it takes, when `sizes` tells the extents of tensors. A fused "
      "multiply-add counts two; what a faster algorithm saves is not subtracted.",
      "double", "countOperations", (ins "::ingot::SizesOf":$sizes)>];
}

// What mixed precision rounds: an operation whose time goes into products, which are summed in float32 whatever it multiplies.
def SumsProducts : OpInterface<"SumsProducts"> {
  let cppNamespace = "::ingot";
  let methods = [InterfaceMethod<"The operands that are multiplied, which may be rounded to 16 bits; all, unless it says otherwise.",
                                 "::llvm::SmallVector<::mlir::OpOperand *>", "getFactors", (ins), "", [{
    ::llvm::SmallVector<::mlir::OpOperand *> factors;
    for (::mlir::OpOperand &operand : $_op->getOpOperands())
      factors.push_back(&operand);
    return factors;
  }]>];
}

#endif
