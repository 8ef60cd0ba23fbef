// Every pass, grouped by stage, alphabetical within.
#ifndef INGOT_PASSES_TD
#define INGOT_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// simplify/
//===----------------------------------------------------------------------===//

def FoldPads : Pass<"ingot-fold-pads", "::mlir::func::FuncOp"> {
  let summary = "Let convolutions pad their input themselves";
  let description = [{
    Before: `%1 = ingot.pad %x, 0.0 [0, 1, 1, 0] [0, 1, 1, 0]; %2 = ingot.conv %1, %f`. After: `%2 = ingot.conv %x, %f {low = [1, 1],
    high = [1, 1]}`.
  }];
}

def FoldScales : Pass<"ingot-fold-scales", "::mlir::func::FuncOp"> {
  let summary = "Move known factors and offsets (batch normalisation, say) into filters, weights and biases";
  let description = [{
    Before: `%1 = ingot.conv %x, %f; %2 = ingot.mul %1, %scale`. After: `%g = ingot.mul %f, %scale; %2 = ingot.conv %x, %g`.
    What is computed of constants alone stays in the graph, for evaluateConstants to compute.
  }];
}

def FoldTransposes : Pass<"ingot-fold-transposes", "::mlir::func::FuncOp"> {
  let summary = "Move transpositions until they cancel";
  let description = [{
    Before: `%1 = ingot.transpose %a [0, 3, 1, 2]; %2 = ingot.relu %1; %3 = ingot.transpose %2 [0, 2, 3, 1]`.
    After: `%3 = ingot.relu %a`. A network imported channels-first becomes channels-last throughout.
  }];
}

def MergeProducts : Pass<"ingot-merge-products", "::mlir::func::FuncOp"> {
  let summary = "Multiply a tensor by several known matrices at once";
  let description = [{
    Before: `%q = ingot.matmul %x, %a; %k = ingot.matmul %x, %b`. After: `%w = ingot.concat %a, %b 1; %y = ingot.matmul %x, %w`, of which
    %q and %k are slices. Only where whoever reads them reads through views, as attention does.
  }];
}

def RecogniseAttention : Pass<"ingot-recognise-attention", "::mlir::func::FuncOp"> {
  let summary = "Find attention that exporters have taken apart";
  let description = [{
    Before: `%1 = ingot.matmul %q, %kt; %2 = ingot.mul %1, 0.125; %3 = ingot.add %2, %mask; %4 = ingot.softmax %3 3; %5 = ingot.matmul %4, %v`.
    After: `%5 = ingot.attention %q, %k, %v mask %m <{scale = 0.125}>`. The scores never lie in memory as a whole.
  }];
}

def RecogniseComposites : Pass<"ingot-recognise-composites", "::mlir::func::FuncOp"> {
  let summary = "Find gelu and normalisations that exporters have taken apart";
  let description = [{
    Before: `%1 = ingot.mul %x, 0.7071; %2 = ingot.erf %1; %3 = ingot.add %2, 1.0; %4 = ingot.mul %x, %3; %5 = ingot.mul %4, 0.5`.
    After: `%5 = ingot.gelu %x`. Likewise `(x - mean) / sqrt(variance + epsilon)` becomes ingot.normalize.
  }];
}

def SimplifyArithmetic : Pass<"ingot-simplify-arithmetic", "::mlir::func::FuncOp"> {
  let summary = "Write arithmetic in one way: no division by constants, no powers of two, no explicit broadcasts";
  let description = [{
    Before: `%1 = ingot.div %x, 4.0; %2 = ingot.pow %1, 2.0`. After: `%1 = ingot.mul %x, 0.25; %2 = ingot.mul %1, %1`.
  }];
}

//===----------------------------------------------------------------------===//
// quantize/
//===----------------------------------------------------------------------===//

def ChoosePrecision : Pass<"ingot-choose-precision", "::mlir::func::FuncOp"> {
  let summary = "Mark the operations whose weights need not be float32";
  let description = [{
    Before: `%1 = ingot.matmul %x, %w`, with a large constant %w. After, with `precision=bf16-weights`:
    `%1 = ingot.matmul %x, %w {ingot.precision = "bf16-weights"}`. Likewise convolutions, and rows gathered from a table.
    Code generation stores the weights accordingly, if it has kernels for that. With `precision=f32` only weights are marked that
    lose nothing in float16 or bfloat16.
  }];
  let options = [
    Option<"precision", "precision", "std::string", "", "f16-weights, bf16-weights, bf16, int8-weights or int8; f32 for exact ones alone">,
    Option<"keep", "keep", "std::string", "", "Regular expression: nodes whose names match are not marked">];
}

def MixPrecision : Pass<"ingot-mix-precision", "::mlir::func::FuncOp"> {
  let summary = "Round what a training step multiplies, and what backward reads of forward, to bfloat16";
  let description = [{
    Before: `%y = ingot.relu %x; ... %z = ingot.matmul %y, %w; ... %dw = ingot.matmul %yt, %dz`. After: `%y = ingot.relu %x; %n = ingot.cast %y
    to bf16; %1 = ingot.cast %n to f32; ... %z = ingot.matmul %1, ...`. Every reader of %y sees the rounded number. Parameters are
    rounded for the products alone. A function that changes no state stays as it is.
  }];
  let options = [
    Option<"keep", "keep", "std::string", "", "Regular expression: nodes whose names match are not rounded for">];
}

def WidenHalf : Pass<"ingot-widen-half", "::mlir::func::FuncOp"> {
  let summary = "Compute in float32 what a model says in float16 or bfloat16";
  let description = [{
    Before: `%1 = ingot.add %x, %b; %2 = ingot.relu %1; return %2`, all float16. After: `%3 = ingot.cast %x to f32; %4 = ingot.cast %b to
    f32; %1 = ingot.add %3, %4; %2 = ingot.relu %1; %5 = ingot.cast %2 to f16; return %5`. Values are rounded where they are stored in
    half precision: results, caches, and where the model has a Cast. A gather from a table of float16 stays one.
  }];
}

//===----------------------------------------------------------------------===//
// fusion/
//===----------------------------------------------------------------------===//

def OutlineKernels : Pass<"ingot-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Divide @main into kernels and launches";
  let description = [{
    Each kernel has at most one heavy operation (a Root), the pointwise operations after it, and the views through which it
    reads its operands; kernels of equal structure become one.
    Before: `%1 = ingot.matmul %x, %w; %2 = ingot.add %1, %b`. After: `%2 = kernel.launch @matmul_0(%x, %w, %b)`.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

//===----------------------------------------------------------------------===//
// memory/
//===----------------------------------------------------------------------===//

def KeepCaches : Pass<"ingot-keep-caches", "::mlir::ModuleOp"> {
  let summary = "Append to inputs in place what outputs would repeat";
  let description = [{
    Before: `%1 = ingot.concat %past, %rows 2; return %1`, where @main has an argument %past of `[batch, 12, past, 64]`. After:
    `%1 = ingot.append %past, %rows <[past]> 2` on a %past of `[batch, 12, past_capacity, 64]`, in whose memory the result lies.
    Whoever read the concatenation reads a slice. The symbol `past` becomes an input of its own.
  }];
  let options = [Option<"inputs", "inputs", "std::string", "\".*\"", "Regular expression: names of the inputs that are caches">];
}

def PlanMemory : Pass<"ingot-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Give every operand and result of every launch a buffer";
  let description = [{
    Before: `%1 = kernel.launch @relu_0(%x)`. After: `%1 = kernel.launch @relu_0(%x) {plan = [#kernel.buffer<input, 0>,
    #kernel.buffer<arena, 0>]}`, and @main says how many bytes of constants and arena there are.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

def Recompute : Pass<"ingot-recompute", "::mlir::func::FuncOp"> {
  let summary = "Let the backward pass of a training step compute again what it reads of the forward pass";
  let description = [{
    Before: `%y = ingot.tanh %x; ... %1 = ingot.mul %y, %y`. After: `%y = ingot.tanh %x; ... %0 = ingot.tanh %x {ingot.again, ingot.late};
    %1 = ingot.mul %0, %0 {ingot.late}`. Forward is what results with the role `loss` or `output` need; late operations share no
    kernel with it.
  }];
  let options = [
    Option<"operationsPerByte", "operations-per-byte", "double", "0", "Forget what takes at most so many operations">,
    Option<"segmentBytes", "segment-bytes", "int64_t", "0", "Keep what crosses cuts between segments of about this size">];
}

#endif
