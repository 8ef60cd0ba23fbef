// The ingot dialect: what a model computes, on ranked tensors with value semantics.
// Base classes here; the operations lie in ops/<family>.td.
#ifndef INGOT_DIALECT_TD
#define INGOT_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "dialects/ingot/Interfaces.td"

def Ingot_Dialect : Dialect {
  let name = "ingot";
  let cppNamespace = "::ingot";
  let summary = "Tensor graphs: what a model computes";
  let description = [{
    Value semantics on ranked tensors. A dimension is a constant or an expression over named symbols; a tensor with
    such dimensions carries `#ingot.shape` as its encoding. Convolutions and pools are channels-last.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

def Ingot_ShapeAttr : AttrDef<Ingot_Dialect, "Shape"> {
  let mnemonic = "shape";
  let summary = "The dimensions of a tensor, as expressions over named symbols";
  let description = [{
    `names` are the symbols that occur, sorted; `dims` has one expression per dimension in which symbol s_i stands for
    `names[i]`. Printed with the names in place: `#ingot.shape<[batch, 3, seq + past]>`.
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$names, ArrayRefParameter<"::mlir::AffineExpr">:$dims);
  let hasCustomAssemblyFormat = 1;
}

def Ingot_Tensor : TensorOf<[AnyFloat, AnyInteger]>;

class Ingot_Op<string mnemonic, list<Trait> traits = []> : Op<Ingot_Dialect, mnemonic, traits>;

// An operation whose result types follow from its operands: the shape rule lives in ops/<family>.cpp.
class Ingot_PureOp<string mnemonic, list<Trait> traits = []>
    : Ingot_Op<mnemonic, traits # [Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let extraClassDeclaration = [{
    static bool isCompatibleReturnTypes(::mlir::TypeRange inferred, ::mlir::TypeRange given) {
      return ::ingot::areCompatible(inferred, given);
    }
  }];
}

#endif
