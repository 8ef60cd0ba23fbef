// The kernel dialect: fused kernels, their launches and where their buffers lie.
#ifndef KERNEL_DIALECT_TD
#define KERNEL_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::ingot::kernel";
  let summary = "Fused kernels, their launches, and the memory plan";
  let useDefaultAttributePrinterParser = 1;
}

def Kernel_Space : I32EnumAttr<"Space", "what a buffer is part of", [
    I32EnumAttrCase<"Input", 0, "input">, I32EnumAttrCase<"Output", 1, "output">, I32EnumAttrCase<"Constant", 2, "constant">,
    I32EnumAttrCase<"Arena", 3, "arena">, I32EnumAttrCase<"Slot", 4, "slot">, I32EnumAttrCase<"State", 5, "state">,
    I32EnumAttrCase<"Prepared", 6, "prepared">]> {
  let cppNamespace = "::ingot::kernel";
  let genSpecializedAttr = 0;
}

def Kernel_BufferAttr : AttrDef<Kernel_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "Where the elements of a tensor lie";
  let description = [{
    `position` is the index of an input or output of @main (those in the state do not count), a byte offset in the
    constants, in the static part of the arena, in the state block or in what is prepared from the constants before the
    first run, or the index of a slot (a piece of the arena whose size depends on symbols).
  }];
  let parameters = (ins EnumParameter<Kernel_Space>:$space, "int64_t":$position);
  let assemblyFormat = "`<` $space `,` $position `>`";
}

def Kernel_FuncOp : Op<Kernel_Dialect, "func", [IsolatedFromAbove, FunctionOpInterface, Symbol]> {
  let summary = "A kernel: one heavy operation, or two that a target joins, with the views and pointwise operations around";
  let description = [{
    Holds ingot operations on tensors; every target lowers the same kernels. Kernels of equal structure are one function.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                   OptionalAttr<StrAttr>:$sym_visibility, OptionalAttr<DictArrayAttr>:$arg_attrs,
                   OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    ::mlir::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::mlir::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
  }];
}

def Kernel_ReturnOp : Op<Kernel_Dialect, "return", [Pure, HasParent<"FuncOp">, Terminator, ReturnLike]> {
  let summary = "The kernel's results";
  let arguments = (ins Variadic<AnyRankedTensor>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
}

def Kernel_LaunchOp : Op<Kernel_Dialect, "launch", [Pure]> {
  let summary = "Runs a kernel";
  let description = [{
    `plan`, set by memory planning, has one buffer for each operand and then each result. A launch with the attribute
    `kernel.preparation` reads constants alone and runs once, before the first run.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyRankedTensor>:$operands, OptionalAttr<ArrayAttr>:$plan);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = "$callee `(` $operands `)` attr-dict `:` functional-type($operands, $outputs)";
  let extraClassDeclaration = [{
    bool isPreparation() { return (*this)->hasAttr("kernel.preparation"); }
    void setPreparation() { (*this)->setAttr("kernel.preparation", ::mlir::UnitAttr::get(getContext())); }
  }];
}

def Kernel_PackOp : Op<Kernel_Dialect, "pack", [Pure]> {
  let summary = "A constant in the layout that the kernels of a target read fastest";
  let description = [{
    `permutation` orders the axes; then each axis a is cut into blocks of `blocks[a]` elements (1: not cut), whose inner
    index becomes a trailing axis (in axis order), and the last block is filled with zeros.
    A matrix [K, N] with permutation [1, 0], blocks [16, 1] becomes panels [ceil(N/16), K, 16].
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$permutation, DenseI64ArrayAttr:$blocks);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input $permutation $blocks attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Kernel_UnpackOp : Op<Kernel_Dialect, "unpack", [Pure]> {
  let summary = "A packed constant seen in its own shape: the inverse of `pack`, inside a kernel";
  let description = [{
    A view, as `ingot.transpose` is. A kernel whose constant operand is packed takes the packed tensor as its argument, and
    its operations see it through this; an emitter that knows the layout reads the argument itself.
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$permutation, DenseI64ArrayAttr:$blocks);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input $permutation $blocks attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

#endif
