"""Turns what callers pass into tensors for a call, and makes results. numpy is optional."""

import ctypes as c

from . import _abi, _dlpack
from ._errors import InvalidInput

try:
    import numpy
except ImportError:
    numpy = None


def borrow(value, dtype):
    """(tensor, object to keep) for a value; Python numbers and lists become arrays of the expected `dtype`."""
    if numpy is not None and not isinstance(value, numpy.ndarray) and not hasattr(value, "__dlpack__"):
        try:
            value = numpy.asarray(value) if hasattr(value, "__array__") else numpy.asarray(value, _numpy_dtype(dtype))
        except (TypeError, ValueError) as error:
            raise InvalidInput(str(error)) from None
    if numpy is None or not isinstance(value, (numpy.ndarray, numpy.generic)):
        if not hasattr(value, "__dlpack__"):
            raise InvalidInput(f"expected an array, not {type(value).__name__}")
        return _dlpack.borrow(value)
    array = numpy.ascontiguousarray(value).reshape(value.shape)  # ascontiguousarray makes a scalar one-dimensional
    name = "bfloat16" if array.dtype.itemsize == 2 and array.dtype.kind == "V" else array.dtype.name
    if name not in _abi.DTYPE_CODES or not array.dtype.isnative:
        raise InvalidInput(f"elements of type {array.dtype} are not supported")
    if array.ndim > _abi.MAX_RANK:
        raise InvalidInput(f"{array.ndim} dimensions, at most {_abi.MAX_RANK} are supported")
    tensor = _abi.Tensor(array.ctypes.data, _abi.DTYPE_CODES[name], array.ndim)
    tensor.shape[: array.ndim] = array.shape
    return tensor, array


def borrow_written(value, dtype):
    """As `borrow`, for memory that a run changes: an array that would have to be copied is refused."""
    if numpy is None or not isinstance(value, numpy.ndarray):
        if not hasattr(value, "__dlpack__"):
            raise InvalidInput(f"expected an array to write into, not {type(value).__name__}")
        return _dlpack.borrow(value)
    if not value.flags.c_contiguous or not value.flags.writeable:
        raise InvalidInput("runs write into it, so it must be contiguous in row-major order and writable")
    return borrow(value, dtype)


def zeros(dtype, shape):
    """An array of zeros."""
    array, address = empty(dtype, shape)
    if numpy is None:
        c.memset(address, 0, array.bytes)
    else:
        array.fill(0)
    return array


def _numpy_dtype(name):
    return numpy.dtype("V2") if name == "bfloat16" else numpy.dtype(name)


def empty(dtype, shape):
    """An uninitialised result and its address."""
    if numpy is None:
        array = _dlpack.Array(dtype, shape)
        return array, array.address
    array = numpy.empty(shape, _numpy_dtype(dtype))
    return array, array.ctypes.data




def view(memory, dtype, shape):
    """The elements in a writable memoryview of bytes as an array that shares them; without numpy a flat memoryview."""
    if numpy is None:
        codes = {"float32": "f", "float64": "d", "int64": "q", "int32": "i", "bool": "B", "uint8": "B", "int8": "b"}
        return memory.cast(codes.get(dtype, "H"))
    return numpy.frombuffer(memory, _numpy_dtype(dtype)).reshape(shape)
