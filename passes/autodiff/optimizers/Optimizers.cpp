//===- Optimizers.cpp - How a gradient changes a parameter ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// p parameter, g gradient, t step from 1, w weight decay; everything else as each equation says.
//
//===----------------------------------------------------------------------===//
#include "passes/autodiff/optimizers/Optimizers.h"

using namespace mlir;

namespace ingot {
namespace {

/// g + w p
Value decayed(Update &update) {
  return update.make.add(update.gradient, update.scale(update.parameter, update.hyper("weight_decay")));
}

/// p - rate * direction
Value moved(Update &update, Value direction, Value rate) {
  return update.make.sub(update.parameter, update.scale(direction, rate));
}

/// p -= lr (g + w p)
Value descend(Update &update) { return moved(update, decayed(update), update.hyper("lr")); }

/// v = mu v + g; p -= lr v
Value descendWithMomentum(Update &update) {
  update.slots[0] = update.make.add(update.scale(update.slots[0], update.hyper("momentum")), decayed(update));
  return moved(update, update.slots[0], update.hyper("lr"));
}

/// v = mu v + g; p -= lr (g + mu v)
Value descendAhead(Update &update) {
  Value gradient = decayed(update);
  update.slots[0] = update.make.add(update.scale(update.slots[0], update.hyper("momentum")), gradient);
  return moved(update, update.make.add(gradient, update.scale(update.slots[0], update.hyper("momentum"))),
               update.hyper("lr"));
}

/// s = alpha s + (1 - alpha) g^2; p -= lr g / (sqrt(s) + eps)
Value rmsprop(Update &update) {
  TensorBuilder &make = update.make;
  Value gradient = decayed(update);
  update.slots[0] = update.blend(update.slots[0], make.square(gradient), update.hyper("alpha"));
  Value size = make.add(make.sqrt(update.slots[0]), update.narrow(update.hyper("eps")));
  return moved(update, make.div(gradient, size), update.hyper("lr"));
}

/// s += g^2; p -= lr / (1 + (t - 1) lr_decay) * g / (sqrt(s) + eps)
Value adagrad(Update &update) {
  TensorBuilder &make = update.make;
  Value gradient = decayed(update);
  update.slots[0] = make.add(update.slots[0], make.square(gradient));
  Value size = make.add(make.sqrt(update.slots[0]), update.narrow(update.hyper("eps")));
  Value slower = make.add(make.mul(make.add(update.step, -1), update.hyper("lr_decay")), 1);
  return moved(update, make.div(gradient, size), make.div(update.hyper("lr"), slower));
}

/// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= lr / (1 - b1^t) * m / (sqrt(v / (1 - b2^t)) + eps)
Value adamStep(Update &update, Value gradient) {
  TensorBuilder &make = update.make;
  Value beta1 = update.hyper("beta1"), beta2 = update.hyper("beta2");
  update.slots[0] = update.blend(update.slots[0], gradient, beta1);
  update.slots[1] = update.blend(update.slots[1], make.square(gradient), beta2);
  Value rate = make.div(update.hyper("lr"), make.sub(1, make.make<PowOp>(beta1, update.step)));
  Value shrink = make.sqrt(make.sub(1, make.make<PowOp>(beta2, update.step)));
  // Times sqrt(1 - b2^t) above and below: one division for each parameter.
  Value size = make.add(make.sqrt(update.slots[1]), update.narrow(make.mul(update.hyper("eps"), shrink)));
  return moved(update, make.div(update.slots[0], size), make.mul(rate, shrink));
}

Value adam(Update &update) { return adamStep(update, decayed(update)); }

/// p *= 1 - lr w, apart from the gradient
void shrinkParameter(Update &update) {
  TensorBuilder &make = update.make;
  update.parameter =
      update.scale(update.parameter, make.sub(1, make.mul(update.hyper("lr"), update.hyper("weight_decay"))));
}

Value adamw(Update &update) {
  shrinkParameter(update);
  return adamStep(update, update.gradient);
}

/// p *= 1 - lr w; p -= lr sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g
Value lion(Update &update) {
  shrinkParameter(update);
  Value direction = update.make.make<SignOp>(update.blend(update.slots[0], update.gradient, update.hyper("beta1")));
  update.slots[0] = update.blend(update.slots[0], update.gradient, update.hyper("beta2"));
  return moved(update, direction, update.hyper("lr"));
}

const Hyper sgdHypers[] = {{"lr", 1e-3}, {"weight_decay", 0}};
const Hyper momentumHypers[] = {{"lr", 1e-3}, {"momentum", 0.9}, {"weight_decay", 0}};
const Hyper rmspropHypers[] = {{"lr", 1e-2}, {"alpha", 0.99}, {"eps", 1e-8}, {"weight_decay", 0}};
const Hyper adagradHypers[] = {{"lr", 1e-2}, {"lr_decay", 0}, {"eps", 1e-10}, {"weight_decay", 0}};
const Hyper adamHypers[] = {{"lr", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-8}, {"weight_decay", 0}};
const Hyper adamwHypers[] = {{"lr", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-8}, {"weight_decay", 1e-2}};
const Hyper lionHypers[] = {{"lr", 1e-4}, {"beta1", 0.9}, {"beta2", 0.99}, {"weight_decay", 0}};
const StringRef velocity[] = {"momentum"};
const StringRef squares[] = {"squares"};
const StringRef moments[] = {"moment1", "moment2"};

} // namespace

ArrayRef<Optimizer> allOptimizers() {
  static const Optimizer optimizers[] = {
      {"adagrad", adagradHypers, squares, adagrad},
      {"adam", adamHypers, moments, adam},
      {"adamw", adamwHypers, moments, adamw},
      {"lion", lionHypers, velocity, lion},
      {"momentum", momentumHypers, velocity, descendWithMomentum},
      {"nesterov", momentumHypers, velocity, descendAhead},
      {"rmsprop", rmspropHypers, squares, rmsprop},
      {"sgd", sgdHypers, {}, descend},
  };
  return optimizers;
}

const Optimizer *findOptimizer(StringRef name) {
  for (const Optimizer &optimizer : allOptimizers())
    if (optimizer.name == name)
      return &optimizer;
  return nullptr;
}

} // namespace ingot
