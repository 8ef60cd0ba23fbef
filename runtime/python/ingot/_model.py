"""A loaded library."""

import ctypes as c
import dataclasses
import os
import threading

from . import _abi, _arrays
from ._elf import find_model_function
from ._errors import Error, InvalidInput
from ._state import State


@dataclasses.dataclass(frozen=True)
class Port:
    """An input or output; a dimension is a number, a symbol's name, or None where only a run's inputs tell it."""

    name: str
    dtype: str
    shape: tuple
    role: str = "data"
    standard: float = 0.0  # of a hyperparameter

    def __str__(self):
        return f"{self.name}: {self.dtype}[{', '.join('?' if dim is None else str(dim) for dim in self.shape)}]"


def call_for_address(library, name):
    function = library[name]
    function.restype = c.c_void_p
    return function()


class Session:
    """One thread's memory for runs; freed with its thread or its model."""

    def __init__(self, model):
        self.model, self.handle = model, c.c_void_p()
        model._expect(model._functions.session_create(model._address, c.byref(self.handle)))
        if model.state is not None:
            model._expect(model._functions.session_bind_state(self.handle, model.state.address))

    def __del__(self):
        if self.handle:
            self.model._functions.session_destroy(self.handle)


class Model:
    """A model in a generated library: call it with arrays, by name or in order.

    A training step has a `state`, which each run changes, and hyperparameters among its inputs, which may be left out. A
    library of several programs is its first one, and has all of them by name as `entries`, those that train as `steps`;
    all work on the same state. `evaluation` is the entry of that name, if there is one: loss and outputs, as they are
    after training. Made with `--split-update`, a run of a step adds to gradients in the state, and its `update` applies and
    clears them.
    """

    def __init__(self, path, threads=None):
        self.path = os.path.abspath(os.fspath(path))
        function = find_model_function(self.path)
        try:
            library = c.CDLL(self.path)
        except OSError as error:
            raise Error(str(error)) from None
        about = self._open(library, call_for_address(library, function))
        self.state = State(self, about) if about.state_bytes else None
        self._state_lock = threading.Lock()
        self.entries = {self.entry: self}
        for name in self._list_entries():
            if hasattr(library, part := function.removesuffix("model") + name + "_model"):
                self.entries[name] = Part(self, call_for_address(library, part))
        self.evaluation, self.update = self.entries.get("evaluation"), self.entries.get("update_step")
        self.steps = {name: entry for name, entry in self.entries.items() if entry.optimizer and entry.entry != "evaluate"}
        if "--recipe" in self.options.split() and "--split-update" in self.options.split():
            for name in list(self.steps):
                if update := self.steps.pop(f"{name}_update", None):
                    self.steps[name].update = update
        if threads is not None:
            self.threads = threads

    def _open(self, library, address):
        self._library, self._address = library, address
        self._functions = _abi.Handle.from_address(address).functions.contents
        self._local = threading.local()
        about = self._functions.describe(self._address).contents
        self._describe(about)
        return about

    def _list_entries(self):
        """The names of the library's programs: as a recipe has them, or the evaluation of a training step."""
        words = self.options.split()
        return words[words.index("--entries") + 1].split(",") if "--entries" in words else ["evaluation", "update_step"]

    def _describe(self, about):
        symbols = [about.symbols[i] for i in range(about.symbol_count)]
        self.symbols = {s.name.decode(): (s.minimum, None if s.maximum < 0 else s.maximum) for s in symbols}
        names = list(self.symbols)

        def port(raw):
            dims = (raw.dims[i] for i in range(raw.rank))
            shape = tuple(d if d >= 0 else None if d == _abi.COMPUTED_DIMENSION else names[-1 - d] for d in dims)
            return Port(raw.name.decode(), _abi.DTYPES[raw.dtype][0], shape, _abi.ROLES[raw.role], raw.standard)

        self.name = about.name.decode()
        self.inputs = tuple(port(about.inputs[i]) for i in range(about.input_count))
        self.outputs = tuple(port(about.outputs[i]) for i in range(about.output_count))
        self.arena_bytes, self.constant_bytes = about.arena_bytes, about.constant_bytes
        self.variant, self.options = about.variant.decode(), about.options.decode()
        self.entry, self.optimizer = about.entry.decode(), about.optimizer.decode()

    def __repr__(self):
        return f"<ingot.Model {self.name}({', '.join(map(str, self.inputs))}) -> ({', '.join(map(str, self.outputs))})>"

    @property
    def threads(self):
        """Threads that runs use: one number for all models of the process."""
        return self._functions.threads()

    @threads.setter
    def threads(self, count):
        self._expect(self._functions.set_threads(count))

    def __call__(self, *args, **kwargs):
        """The output, or a tuple of all outputs in order. Inputs in order or by name."""
        results = tuple(self.run(self._name_arguments(args, kwargs)).values())
        return results[0] if len(results) == 1 else results

    def run(self, inputs):
        """The outputs by name, for inputs by name."""
        tensors, _kept = self._borrow(inputs)  # what is kept must live through the run
        results, arrays = self._make_outputs(tensors)
        session = self._session()
        if self.state is None:
            self._expect(self._functions.run(session, tensors, results))
        else:
            with self._state_lock:  # steps of several threads follow each other
                self._expect(self._functions.run(session, tensors, results))
        return arrays

    def new_caches(self, **sizes):
        """Caches by name, without rows: zeros of the sizes given for the symbols in their shapes, e.g. past_capacity=1024.

        For a library made with `--kv-cache`. Each run reads as many of their rows as its length says, and writes its own
        behind them: model.run({"tokens": tokens, "past": 12, **caches}).
        """
        caches = {}
        for port in self.inputs:
            if port.role != "cache":
                continue
            missing = [dim for dim in port.shape if isinstance(dim, str) and dim not in sizes]
            if missing:
                raise InvalidInput(f"cache {port.name!r} needs a size for {', '.join(map(repr, missing))}")
            caches[port.name] = _arrays.zeros(port.dtype, tuple(sizes.get(dim, dim) for dim in port.shape))
        return caches

    def bind(self, inputs):
        """A function that runs on these arrays again and again, without checks or new memory, on the thread that bound it.

        Each call reads what the arrays then hold (contiguous ones; others are copied once) and returns None; `outputs()` of
        the function tells the outputs by name, in arrays that the next call overwrites.
        """
        tensors, kept = self._borrow(inputs)
        results, arrays = self._make_outputs(tensors)
        function, expect, session = self._functions.run, self._expect, self._session()

        def run():
            expect(function(session, tensors, results))

        def step():
            with self._state_lock:
                run()

        bound = run if self.state is None else step
        bound.outputs, bound.kept = lambda: arrays, (self, kept)
        return bound

    def _borrow(self, inputs):
        unknown = set(inputs) - {port.name for port in self.inputs}
        if unknown:
            raise InvalidInput(f"{self.name} has no input {', '.join(sorted(map(repr, unknown)))}; it has: {self._list_inputs()}")
        tensors, kept = (_abi.Tensor * len(self.inputs))(), []
        for i, port in enumerate(self.inputs):
            if port.role == "hyper" and inputs.get(port.name) is None:
                continue  # no data: the standard value
            if port.name not in inputs:
                raise InvalidInput(f"input {port.name!r} is not given; {self.name} takes: {self._list_inputs()}")
            try:
                borrow = _arrays.borrow_written if port.role == "cache" else _arrays.borrow
                tensors[i], keep = borrow(inputs[port.name], port.dtype)
            except InvalidInput as error:
                raise InvalidInput(f"input {port.name!r}: {error}") from None
            kept.append(keep)
        return tensors, kept

    def _make_outputs(self, tensors):
        results = (_abi.Tensor * len(self.outputs))()
        self._expect(self._functions.output_shapes(self._address, tensors, results))
        arrays = {}
        for port, result in zip(self.outputs, results):
            arrays[port.name], result.data = _arrays.empty(port.dtype, tuple(result.shape[: result.rank]))
        return results, arrays

    def _session(self):
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = Session(self)
        return session.handle

    def _name_arguments(self, args, kwargs):
        if len(args) > len(self.inputs):
            raise InvalidInput(f"{len(args)} inputs given, {self.name} takes {len(self.inputs)}: {self._list_inputs()}")
        named = {port.name: value for port, value in zip(self.inputs, args)}
        twice = set(named) & set(kwargs)
        if twice:
            raise InvalidInput(f"input {', '.join(map(repr, twice))} is given twice")
        return {**named, **kwargs}

    def _list_inputs(self):
        return ", ".join(map(str, self.inputs)) or "nothing"

    def _expect(self, status):
        if status != _abi.OK:
            text = self._functions.last_error().decode()
            raise InvalidInput(text) if status == _abi.INVALID else Error(text)


class Part(Model):
    """One more program of a library, with the state of the first one."""

    def __init__(self, first, address):
        self.path, self.state, self._state_lock = first.path, first.state, first._state_lock
        self.entries, self.steps, self.evaluation, self.update = first.entries, {}, None, None
        self._open(first._library, address)


def load(path, threads=None):
    """Loads a library made by ingotc."""
    return Model(path, threads)
