"""What a training step changes: one block of memory, seen as named arrays."""

import collections.abc
import ctypes as c

from . import _abi, _arrays, _safetensors
from ._errors import InvalidInput

ALIGNMENT = 64


class State(collections.abc.Mapping):
    """Names to arrays that share the block's memory: writing into one changes what the next step starts from.

    model.state["fc.weight"][:] = 0          state.roles["fc.weight"] == "parameter"
    model.state.save("state.safetensors")    model.state.load("state.safetensors")

    Gradients between the two halves of a step are no part of a file; loading makes them zero. Not to be touched by another thread while the model runs.
    """

    def __init__(self, model, about):
        self._model = model
        self._metadata = {
            "format": "ingot",
            "model": about.name.decode(),
            "source_hash": about.source_hash.decode(),
            "optimizer": about.optimizer.decode(),
        }
        self._storage = c.create_string_buffer(about.state_bytes + ALIGNMENT)
        start = -c.addressof(self._storage) % ALIGNMENT
        self.address = c.addressof(self._storage) + start
        self._block = memoryview(self._storage).cast("B")[start : start + about.state_bytes]
        self._tensors, self.roles, self._places = {}, {}, {}
        for i in range(about.state_count):
            tensor = about.state[i]
            name, dtype = tensor.port.name.decode(), _abi.DTYPES[tensor.port.dtype][0]
            shape = tuple(tensor.port.dims[j] for j in range(tensor.port.rank))
            place = self._block[tensor.offset : tensor.offset + tensor.bytes]
            self._places[name] = dtype, shape, place
            self._tensors[name] = _arrays.view(place, dtype, shape)
            self.roles[name] = _abi.ROLES[tensor.port.role]
        self.reset()

    def __getitem__(self, name):
        return self._tensors[name]

    def __setitem__(self, name, value):
        self._tensors[name][...] = value

    def __iter__(self):
        return iter(self._tensors)

    def __len__(self):
        return len(self._tensors)

    def __repr__(self):
        return f"<ingot.State of {self._model.name}: {len(self)} tensors, {len(self._block)} bytes>"

    def reset(self):
        """Back to what training starts from: the model file's parameters, no steps done."""
        self._model._expect(self._model._functions.state_initialize(self._model._address, self.address))

    def save(self, path):
        """Writes a safetensors file; an older one stays as it is until all is written."""
        tensors = [(name, dtype, shape, place) for name, (dtype, shape, place) in self._kept().items()]
        _safetensors.write(path, self._metadata, tensors)

    def _kept(self):
        return {name: place for name, place in self._places.items() if self.roles[name] != "gradient"}

    def load(self, path):
        """Reads what `save` or `ingot step --save-state` wrote; nothing changes when it does not fit this model."""
        metadata, tensors = _safetensors.read(path)
        for key, what in (("source_hash", "made from another model file"), ("optimizer", "of another optimizer")):
            if key in metadata and metadata[key] != self._metadata[key]:
                raise InvalidInput(f"{path}: the state is {what} ({key} {metadata[key]}, expected {self._metadata[key]})")
        for name, (dtype, shape, place) in self._kept().items():
            if name not in tensors:
                raise InvalidInput(f'{path}: has no tensor "{name}"')
            given = tensors[name]
            if given[:2] != (dtype, shape) or len(given[2]) != len(place):
                raise InvalidInput(f'{path}: tensor "{name}" is {given[0]}{list(given[1])}, expected {dtype}{list(shape)}')
        unknown = set(tensors) - set(self._kept())
        if unknown:
            raise InvalidInput(f'{path}: {self._model.name} has no tensor "{min(unknown)}"')
        for name, (_, _, place) in self._places.items():
            place[:] = tensors[name][2] if name in tensors else bytes(len(place))
