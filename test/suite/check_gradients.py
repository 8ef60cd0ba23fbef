"""Checks the gradients of ONNX's own node cases: each by all real inputs, for random cotangents of all real outputs,
against central differences in float64 of the onnx package's reference evaluator (differences.py).

Usage: check_gradients.py --sample          one case of each operator, as the table says it goes
       check_gradients.py --full            every case; fails unless docs/generated/gradients.md says the same
       check_gradients.py --update          every case; rewrites docs/generated/gradients.md
       check_gradients.py --case NAME...    single cases, with what happened in full
"""

import collections
import dataclasses
import multiprocessing
import os
import pathlib
import re
import subprocess
import sys
import types
import warnings
import zlib

FOLDER = pathlib.Path(__file__).parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

import numpy as np
import onnx
from onnx import helper

import check_suite
import differences
import gradient_table
import harness

# Inputs whose derivative ONNX excludes and no trainer wants: they are given as constants.
CONTROLS = {"Dropout": (1, 2), "Resize": (1, 2, 3), "Upsample": (1,), "RoiAlign": (), "OneHot": (1, 2)}
# How many elements and mixed directions are tried of an input. The evaluator takes seconds for large ones: only one mixed
# direction, which no element of the gradient escapes.
PROBES, FEW_PROBES, LARGE = (8, 3), (0, 1), 32768

# Error beyond which a gradient is wrong, by the narrowest element type: relative to the largest slope by that input.
TOLERANCE = {8: 1e-6, 4: 2e-4, 2: 5e-2}


@dataclasses.dataclass
class Outcome:
    """kind: agrees | wrong | flat (no probe met a derivative) | not imported | no gradient | no reference."""

    case: str
    operator: str
    kind: str
    words: str = ""
    error: float = 0.0
    rules: tuple = ()


def operators():
    """ONNX operators that may have a derivative: those tagged so, and those without any tag that map reals to reals."""
    from onnx import defs

    found = {}
    for name in {schema.name for schema in defs.get_all_schemas() if schema.domain == ""}:
        schema = defs.get_schema(name)
        tags = [parameter.differentiation_category for parameter in [*schema.inputs, *schema.outputs]]
        kinds = defs.OpSchema.DifferentiationCategory
        if kinds.Differentiable in tags[: len(schema.inputs)]:
            found[name] = True
        elif all(tag == kinds.Unknown for tag in tags):
            found[name] = False
    return found


def operator_of(case):
    """The operator a case is about: the first that is not there to make its operands."""
    names = [node.op_type for node in case.model.graph.node]
    return ([name for name in names if name not in ("Constant", "Identity")] or names)[0]


def own_case(operator, shape, operands=(), opset=22, **attributes):
    """A case of an operator that the onnx package tries with integers alone."""
    x = np.random.default_rng(5).normal(0, 1, shape).astype(np.float32)
    names = [f"operand{i}" for i in range(len(operands))]
    node = helper.make_node(operator, ["x", *names], ["y"], **attributes)
    edge = lambda name: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None if name == "y" else shape)
    constants = [onnx.numpy_helper.from_array(np.asarray(value), name) for value, name in zip(operands, names)]
    graph = helper.make_graph([node], "case", [edge("x")], [edge("y")], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    words = "_".join(f"{key}_{value}" for key, value in attributes.items())
    [y] = onnx.reference.ReferenceEvaluator(model).run(None, {"x": x})
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, y.shape))
    return types.SimpleNamespace(name=f"own_{operator.lower()}_{words}", kind="node", model=model, data_sets=[([x], [y])])


def own_cases():
    return [own_case("Trilu", (2, 4, 5), [np.int64(k)], upper=upper) for k, upper in ((1, 1), (-1, 0))]


def chosen_cases():
    """(operator, case, models of its expansions) of each node case with real inputs and outputs whose operator may have a
    derivative. Expansions are no cases of their own: they are made of operators that have cases."""
    differentiable = operators()
    cases = [case for case in check_suite.all_cases() if case.kind == "node"] + own_cases()
    expansions = collections.defaultdict(list)
    for case in cases:
        if "_expanded" in case.name:
            expansions[re.sub(r"_expanded.*", "", case.name)].append(case.model)
    for case in cases:
        operator, graph = operator_of(case), case.model.graph
        has_reals = any(map(differences.is_real, graph.input)) and any(map(differences.is_real, graph.output))
        if operator in differentiable and has_reals and "_expanded" not in case.name:
            yield operator, case, expansions[case.name]


def with_loss(model, cotangents):
    """The model with one more output in front, the sum of the real outputs times their cotangents, which are inputs."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph, terms = model.graph, []
    for output in list(graph.output):
        if output.name not in cotangents:
            continue
        name, element = output.name, output.type.tensor_type.elem_type
        graph.input.append(helper.make_tensor_value_info(f"{name}.cotangent", element, cotangents[name].shape))
        graph.node.append(helper.make_node("Mul", [name, f"{name}.cotangent"], [f"{name}.weighted"], name=f"{name}.mul"))
        graph.node.append(helper.make_node("ReduceSum", [f"{name}.weighted"], [f"{name}.sum"], name=f"{name}.reduce", keepdims=0))
        graph.node.append(helper.make_node("Cast", [f"{name}.sum"], [f"{name}.term"], name=f"{name}.cast", to=onnx.TensorProto.FLOAT))
        terms.append(f"{name}.term")
    graph.node.append(helper.make_node("Sum", terms, ["gradient.loss"], name="gradient.loss"))
    outputs = [helper.make_tensor_value_info("gradient.loss", onnx.TensorProto.FLOAT, []), *graph.output]
    del graph.output[:]
    graph.output.extend(outputs)
    if not any(entry.domain in ("", "ai.onnx") for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid("", 22))
    return model


def bound(model, feed, is_control):
    """The model with the inputs that `is_control` picks as constants."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    for value in list(model.graph.input):
        if value.name in feed and is_control(value):
            model.graph.initializer.append(onnx.numpy_helper.from_array(feed[value.name], value.name))
            model.graph.input.remove(value)
    return model


def control_names(model):
    return {node.input[i] for node in model.graph.node for i in CONTROLS.get(node.op_type, ()) if i < len(node.input)}


def compile_case(model, feed, folder):
    """The model's gradients; when sizes or places are not supported as inputs, with integers as constants."""
    controls = control_names(model)
    model = bound(model, feed, lambda value: value.name in controls)
    options = ["--cpu", "native", "-O1", "--grad-inputs"]
    try:
        return model, harness.compile_model(model, folder, options, timeout=120)
    except harness.Unsupported:
        constants = bound(model, feed, lambda value: not differences.is_real(value))
        if len(constants.graph.input) == len(model.graph.input):
            raise
        return constants, harness.compile_model(constants, folder, options, timeout=120)


def rules_of(case, folder):
    """The graph operations that the case's operator becomes, whose gradient rules were at work."""
    path = harness.WORK / folder / "case.onnx"
    feed = check_suite.named(case.model.graph.input, case.data_sets[0][0])
    onnx.save(bound(case.model, feed, lambda value: not differences.is_real(value)), path)
    command = [str(harness.BUILD / "bin" / "ingotc"), str(path), "--emit=import", "-o", "-"]
    text = subprocess.run(command, capture_output=True, text=True).stdout
    return tuple(sorted(set(re.findall(r"= \"?ingot\.([a-z_0-9]+)", text)) - {"constant"}))


def probe(function, gradients, random):
    """For each input: (directional derivative by `gradients`, the expected one) of each probe that met a derivative. Where
    a case has infinite results its gradients may be NaN, although nothing arrives at those results."""
    has_edges = not all(np.isfinite(value).all() for value in function.outputs_here.values())
    pairs = {name: [] for name in gradients}
    for name, gradient in gradients.items():
        for direction in differences.directions(function.feed[name], random, *(PROBES if gradient.size < LARGE else FEW_PROBES)):
            actual = float(np.sum(np.where(direction == 0, 0, gradient * direction)))
            expected = differences.slope(function, name, direction)
            if expected is not None and not (has_edges and np.isnan(actual)):
                pairs[name].append((actual, expected))
    return pairs


def worst_error(pairs, narrowest):
    """(the largest error relative to the input's largest slope, input). Sums that cancel keep the rounding errors of their
    terms: the slopes by other inputs count a little (in half precision fully) as well. Less than 1e-4 no difference quotient tells from nothing."""
    largest = {name: max((abs(expected) for _, expected in of), default=0) for name, of in pairs.items()}
    errors = []
    for name, of in pairs.items():
        size = max(largest[name], max(largest.values()) * (1 if narrowest == 2 else 1e-2), 1e-2 if narrowest == 2 else 1e-4)
        errors += [(abs(actual - expected) / size if np.isfinite(actual) else float("inf"), name) for actual, expected in of]
    return max(errors, default=(0.0, ""))


def run_case(model, library, feed, cotangents):
    """(what the library was given, its results)."""
    live = {value.name for value in model.graph.input}
    given = {name: array for name, array in feed.items() if name in live}
    given.update({f"{name}.cotangent": value for name, value in cotangents.items()})
    [results] = harness.run_library(library, [given])
    return given, results


def gradients_of(results, feed):
    return {name: wide(results[f"{name}.gradient"], feed[name]) for name in feed if f"{name}.gradient" in results}


def gradients_in_float64(case, cotangents, feed, folder):
    """The case's gradients without the rounding of float32, which leaves little of 1 - y^2 where results saturate at 1."""
    def widened(arrays):
        return {name: array.astype(np.float64) if array.dtype == np.float32 else array for name, array in arrays.items()}

    cotangents, feed = widened(cotangents), widened(feed)
    model, library = compile_case(with_loss(differences.in_float64(case.model), cotangents), feed, folder)
    return gradients_of(run_case(model, library, feed, cotangents)[1], feed)


def cotangent(output, random):
    """A random one, of nothing where the output is no finite number."""
    drawn = random.normal(0, 1, output.shape)
    return np.where(np.isfinite(output.astype(np.float64)), drawn, 0).astype(output.dtype)


def wide(result, like):
    """A result in float64; the loader gives bfloat16 as raw bytes."""
    array = np.asarray(result)
    return (array.view(like.dtype) if array.dtype.kind == "V" else array).astype(np.float64)


def smooth_reference(models, feed, cotangents, inputs, random):
    """The first of the models, which compute the same, that the evaluator really computes in float64; as a function of the
    inputs of these names."""
    cotangents = {name: value.astype(np.float64) for name, value in cotangents.items()}
    reasons = []
    for model in models:
        try:
            names = [value.name for value in model.graph.input]
            function = differences.Function(model, dict(zip(names, feed.values())), cotangents)
            if max(feed[name].size for name in inputs) >= LARGE or not function.is_rough(inputs, random):
                return function
            reasons.append("the evaluator computes it in float32")
        except differences.NoReference as reason:
            reasons.append(str(reason))
    raise differences.NoReference(reasons[0])


def check(case, expansions, folder):
    """(kind, words, error) of a case; raises what compile_case and the reference raise."""
    if check_suite.is_random(case):
        raise differences.NoReference("its results are random")
    inputs, outputs = case.data_sets[0]
    feed, expected = check_suite.named(case.model.graph.input, inputs), check_suite.named(case.model.graph.output, outputs)
    random = np.random.default_rng(zlib.crc32(case.name.encode()))
    real = [value.name for value in case.model.graph.output if differences.is_real(value) and value.name in expected]
    cotangents = {name: cotangent(expected[name], random) for name in real}
    model, library = compile_case(with_loss(case.model, cotangents), feed, folder)
    given, results = run_case(model, library, feed, cotangents)
    gradients = gradients_of(results, feed)
    function = smooth_reference([case.model, *expansions], feed, cotangents, gradients, random)
    for name, value in function.outputs_here.items():
        harness.difference(name, wide(results[name], expected[name]), value, 2e-2, 2e-2)
    pairs = probe(function, gradients, random)
    if not any(pairs.values()):
        return "flat" if any(gradient.size for gradient in gradients.values()) else "agrees", "", 0.0
    narrowest = min(array.dtype.itemsize for array in given.values() if array.dtype.kind in "fV")
    error, name = worst_error(pairs, narrowest)
    if narrowest == 4 and error > TOLERANCE[4]:
        pairs = probe(function, gradients_in_float64(case, cotangents, feed, folder), random)
        (error, name), narrowest = worst_error(pairs, 8), 8
    kind = "agrees" if error <= TOLERANCE[narrowest] else "wrong"
    return kind, f"by {name}: {error:.2g}" if kind == "wrong" else "", error


def outcome(task):
    """What became of one (operator, case, expansions)."""
    operator, case, expansions = task
    folder = f"gradients/{case.name}"
    try:
        kind, words, error = check(case, expansions, folder)
        return Outcome(case.name, operator, kind, words, error, rules_of(case, folder))
    except harness.Unsupported as refusal:
        words = str(refusal)
        return Outcome(case.name, operator, "no gradient" if "the gradient of" in words else "not imported", words)
    except differences.NoReference as reason:
        return Outcome(case.name, operator, "no reference", str(reason))
    except Exception as error:  # noqa: BLE001: whatever goes wrong is this case's outcome
        words = f"{type(error).__name__}: {error}".replace(f"{harness.WORK}/{folder}/", "")
        return Outcome(case.name, operator, "no gradient" if "has no gradient" in words else "wrong", words)
    finally:
        (harness.WORK / folder / "model.so").unlink(missing_ok=True)


def run(tasks, jobs):
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        return pool.map(outcome, tasks, chunksize=1)


def sample(tasks):
    """Checks the first case by name of each operator of the table; how many of them go wrong or stop agreeing."""
    first = {}
    for task in sorted(tasks, key=lambda task: task[1].name):
        first.setdefault(task[0], task)
    complete = gradient_table.complete_operators()
    outcomes = run([task for operator, task in first.items() if operator in complete], 1)
    bad = [o for o in outcomes if o.kind == "wrong" or (complete[o.operator] and o.kind != "agrees")]
    print("\n".join(f"{o.case} ({o.operator}): {o.kind}: {o.words}" for o in bad))
    print(f"{len(outcomes) - len(bad)} of {len(outcomes)} gradients are as the table says")
    return len(bad)


def main(arguments):
    warnings.filterwarnings("ignore")
    tasks = list(chosen_cases())
    if arguments[:1] == ["--case"]:
        outcomes = run([task for task in tasks if task[1].name in arguments[1:]], 1)
        print("\n".join(map(str, outcomes)))
        return 0
    if arguments == ["--sample"]:
        return 1 if sample(tasks) else 0
    if arguments not in (["--full"], ["--update"]):
        print(__doc__)
        return 2
    outcomes = run(tasks, os.cpu_count() if arguments == ["--update"] else 1)
    for wrong in (o for o in outcomes if o.kind == "wrong"):
        print(f"{wrong.case} ({wrong.operator}): {wrong.words}")
    text = gradient_table.render(outcomes, operators())
    return gradient_table.compare_or_write(text, arguments == ["--update"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
