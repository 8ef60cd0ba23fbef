"""DLPack, the exchange of tensors between libraries without copying: reading others' capsules and making our own."""

import ctypes as c

from . import _abi
from ._errors import InvalidInput

CPU = 1


class Device(c.Structure):
    _fields_ = [("kind", c.c_int32), ("index", c.c_int32)]


class DataType(c.Structure):
    _fields_ = [("code", c.c_uint8), ("bits", c.c_uint8), ("lanes", c.c_uint16)]


class DlTensor(c.Structure):
    _fields_ = [
        ("data", c.c_void_p),
        ("device", Device),
        ("rank", c.c_int32),
        ("dtype", DataType),
        ("shape", c.POINTER(c.c_int64)),
        ("strides", c.POINTER(c.c_int64)),
        ("offset", c.c_uint64),
    ]


class Managed(c.Structure):
    pass


Deleter = c.CFUNCTYPE(None, c.POINTER(Managed))
Managed._fields_ = [("tensor", DlTensor), ("context", c.c_void_p), ("deleter", Deleter)]

# DLPack's type codes: 0 int, 1 uint, 2 float, 4 bfloat, 6 bool.
TYPES = {"float32": (2, 32), "float64": (2, 64), "float16": (2, 16), "bfloat16": (4, 16), "bool": (6, 8)}
TYPES.update({f"int{bits}": (0, bits) for bits in (8, 16, 32, 64)} | {f"uint{bits}": (1, bits) for bits in (8, 16, 32, 64)})
NAMES = {code: name for name, code in TYPES.items()}

_api = c.pythonapi
_api.PyCapsule_GetPointer.restype, _api.PyCapsule_GetPointer.argtypes = c.c_void_p, [c.py_object, c.c_char_p]
_api.PyCapsule_IsValid.restype, _api.PyCapsule_IsValid.argtypes = c.c_int, [c.py_object, c.c_char_p]
_api.PyCapsule_New.restype, _api.PyCapsule_New.argtypes = c.py_object, [c.c_void_p, c.c_char_p, c.c_void_p]


def borrow(array):
    """(tensor for a call, object to keep alive until after it) of anything with __dlpack__."""
    if array.__dlpack_device__()[0] != CPU:
        raise InvalidInput("the tensor is not in the CPU's memory")
    capsule = array.__dlpack__()
    if not _api.PyCapsule_IsValid(capsule, b"dltensor"):
        raise InvalidInput("__dlpack__ gave no tensor of a kind known here")
    given = c.cast(_api.PyCapsule_GetPointer(capsule, b"dltensor"), c.POINTER(Managed)).contents.tensor
    name = NAMES.get((given.dtype.code, given.dtype.bits))
    if name is None or given.dtype.lanes != 1:
        raise InvalidInput(f"elements of DLPack type {given.dtype.code}, {given.dtype.bits} bits are not supported")
    shape = [given.shape[i] for i in range(given.rank)]
    if len(shape) > _abi.MAX_RANK:
        raise InvalidInput(f"{len(shape)} dimensions, at most {_abi.MAX_RANK} are supported")
    stride = 1
    for i in reversed(range(given.rank)):
        if given.strides and shape[i] > 1 and given.strides[i] != stride:
            raise InvalidInput("the tensor is not contiguous in row-major order")
        stride *= shape[i]
    tensor = _abi.Tensor((given.data or 0) + given.offset, _abi.DTYPE_CODES[name], len(shape))
    tensor.shape[: len(shape)] = shape
    return tensor, capsule


_exported = {}  # address of the managed struct -> what it points into


@Deleter
def _release(managed):
    _exported.pop(c.addressof(managed.contents), None)


@c.CFUNCTYPE(None, c.c_void_p)
def _destroy(capsule):
    # A capsule that nobody took is still ours to free.
    capsule = c.cast(capsule, c.py_object)
    if _api.PyCapsule_IsValid(capsule, b"dltensor"):
        _release(c.cast(_api.PyCapsule_GetPointer(capsule, b"dltensor"), c.POINTER(Managed)))


class Array:
    """A result where numpy is not installed: torch.from_dlpack(array) and the like read it without copying."""

    def __init__(self, dtype, shape):
        self.dtype, self.shape = dtype, tuple(shape)
        size = _abi.DTYPES[_abi.DTYPE_CODES[dtype]][1]
        for dim in shape:
            size *= dim
        self.bytes = size
        self._memory = c.create_string_buffer(size + 64)
        self.address = (c.addressof(self._memory) + 63) // 64 * 64

    def __dlpack_device__(self):
        return CPU, 0

    def __dlpack__(self, stream=None, **_):
        managed, shape = Managed(), (c.c_int64 * max(len(self.shape), 1))(*self.shape)
        code, bits = TYPES[self.dtype]
        managed.tensor = DlTensor(self.address, Device(CPU, 0), len(self.shape), DataType(code, bits, 1), shape, None, 0)
        managed.deleter = _release
        _exported[c.addressof(managed)] = (managed, shape, self)
        return _api.PyCapsule_New(c.addressof(managed), b"dltensor", c.cast(_destroy, c.c_void_p))
