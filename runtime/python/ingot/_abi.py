"""The structs and functions of ingot/runtime.h for ctypes."""

import ctypes as c

MAX_RANK = 8
COMPUTED_DIMENSION = -(2**63)
OK, INVALID = 0, 1

# ingot_dtype -> (name, bytes)
DTYPES = {
    1: ("float32", 4), 2: ("uint8", 1), 3: ("int8", 1), 4: ("uint16", 2), 5: ("int16", 2), 6: ("int32", 4), 7: ("int64", 8),
    9: ("bool", 1), 10: ("float16", 2), 11: ("float64", 8), 12: ("uint32", 4), 13: ("uint64", 8), 16: ("bfloat16", 2),
}  # fmt: skip
DTYPE_CODES = {name: code for code, (name, _) in DTYPES.items()}
# ingot_role
ROLES = ("data", "target", "hyper", "loss", "gradient", "parameter", "slot", "statistic", "step", "generator", "cache", "length")


class Tensor(c.Structure):
    _fields_ = [("data", c.c_void_p), ("dtype", c.c_int32), ("rank", c.c_int32), ("shape", c.c_int64 * MAX_RANK)]


class Symbol(c.Structure):
    _fields_ = [("name", c.c_char_p), ("minimum", c.c_int64), ("maximum", c.c_int64)]


class Port(c.Structure):
    _fields_ = [
        ("name", c.c_char_p),
        ("dtype", c.c_int32),
        ("rank", c.c_int32),
        ("dims", c.POINTER(c.c_int64)),
        ("role", c.c_int32),
        ("standard", c.c_double),
    ]


class StateTensor(c.Structure):
    _fields_ = [("port", Port), ("offset", c.c_int64), ("bytes", c.c_int64)]


class Part(c.Structure):
    _fields_ = [("name", c.c_char_p), ("model", c.CFUNCTYPE(c.c_void_p))]


class Description(c.Structure):
    _fields_ = [
        *((name, c.c_char_p) for name in ("name", "compiler", "source_hash", "options", "target", "variant")),
        *((name, c.c_int32) for name in ("input_count", "output_count", "symbol_count", "launch_count")),
        ("inputs", c.POINTER(Port)),
        ("outputs", c.POINTER(Port)),
        ("symbols", c.POINTER(Symbol)),
        ("launch_names", c.POINTER(c.c_char_p)),
        *((name, c.c_int64) for name in ("constant_bytes", "arena_bytes", "arena_lower_bound", "scratch_bytes")),
        *((name, c.c_char_p) for name in ("entry", "source", "optimizer")),
        ("state", c.POINTER(StateTensor)),
        ("state_count", c.c_int64),
        ("state_bytes", c.c_int64),
        ("parts", c.POINTER(Part)),
        ("part_count", c.c_int64),
        ("prepared_bytes", c.c_int64),  # since version 4
        ("winograd_bytes", c.c_int64),
    ]


GradientObserver = c.CFUNCTYPE(None, c.c_void_p, c.c_int64)
Profiler = c.CFUNCTYPE(None, c.c_void_p, c.c_int32, c.c_int64)


class Functions(c.Structure):
    _fields_ = [
        ("version", c.c_int64),
        ("last_error", c.CFUNCTYPE(c.c_char_p)),
        ("describe", c.CFUNCTYPE(c.POINTER(Description), c.c_void_p)),
        ("output_shapes", c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(Tensor), c.POINTER(Tensor))),
        ("session_create", c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(c.c_void_p))),
        ("session_destroy", c.CFUNCTYPE(None, c.c_void_p)),
        ("session_set_threads", c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int32)),
        ("session_set_profiler", c.CFUNCTYPE(None, c.c_void_p, Profiler, c.c_void_p)),
        ("session_bytes", c.CFUNCTYPE(c.c_int64, c.c_void_p)),
        ("run", c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(Tensor), c.POINTER(Tensor))),
        ("threads", c.CFUNCTYPE(c.c_int32)),
        ("set_threads", c.CFUNCTYPE(c.c_int, c.c_int32)),
        ("set_executor", c.CFUNCTYPE(c.c_int, c.c_void_p)),
        ("state_initialize", c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p)),
        ("session_bind_state", c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p)),
        ("session_set_gradient_observer", c.CFUNCTYPE(None, c.c_void_p, GradientObserver, c.c_void_p)),
    ]


class Handle(c.Structure):
    """An ingot_model: its first member leads to the functions."""

    _fields_ = [("functions", c.POINTER(Functions))]


assert c.sizeof(Tensor) == 80 and c.sizeof(Description) == 208, "the structs must agree with ingot/runtime.h"
