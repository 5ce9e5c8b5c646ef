"""A compiled Keras model → jitted functions that train and validate over many steps, kept for the next fit."""

from __future__ import annotations

import math
import threading
import weakref
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from rowwise.engine.batch_hooks import logged
from rowwise.engine.cpu_lowering import lowered_for_cpu
from rowwise.engine.hosts import placement
from rowwise.engine.model_changes import Snapshot
from rowwise.environment import xla_flags

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from rowwise.engine.device_records import Data, Steps
    from rowwise.engine.model_state import State

# The last batch of an epoch, if it is shorter, has a program of its own. That runs once for dozens of steps: XLA takes
# half the time for it so, a quarter of a first fit, and it runs as fast but for some elementwise functions.
QUICKLY = {"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 1}
KEPT = 32  # executables of one model: those that were used last
NARROW = 200  # units; measured on two AVX-512 cores with batches of 16 to 256


class Prepared:
    """A jitted function whose executables, one a signature, are made ahead of the first call.

    `jax.jit` alone compiles within the first call: the first epoch would be timed with it.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self.function = function
        self._options = {
            name: value for name, value in options.items() if name not in xla_flags()
        }  # the user's own win
        self._compiled: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()

    def traced(self, *arguments: Any) -> Callable[[], Any]:
        """What gives the executable for such arguments, and compiles it where there is none; it is traced now."""
        leaves, structure = jax.tree.flatten(arguments)
        key = structure, tuple((leaf.shape, np.dtype(leaf.dtype)) for leaf in leaves)
        with self._lock:
            found = self._compiled.get(key)
            if found is not None:
                self._compiled.move_to_end(key)
        if found is not None:
            return lambda: found  # held here: another thread may push it out meanwhile
        lowered = lowered_for_cpu(self.function, *arguments)

        def compiled() -> Any:
            executable = self._compile(lowered)
            with self._lock:
                self._compiled[key] = executable
                self._compiled.move_to_end(key)
                if len(self._compiled) > KEPT:
                    self._compiled.popitem(last=False)
            return executable

        return compiled

    def _compile(self, lowered: Any) -> Any:
        if self._options:
            with suppress(jax.errors.JaxRuntimeError):  # a release of XLA without such an option
                return lowered.compile(compiler_options=self._options)
        return lowered.compile()

    def __call__(self, *arguments: Any) -> Any:
        return self.traced(*arguments)()(*arguments)


class Functions:
    """The jitted loops of one compiled model; valid while what they were traced from stays in place."""

    def __init__(self, model: keras.Model) -> None:
        self.traced_from = Snapshot(model)
        reference = weakref.ref(model)  # the cache must not keep the model alive
        divided = placement().divided

        def alive() -> keras.Model:
            model = reference()
            assert model is not None
            return model

        def over(step: Callable[..., Any], state: State, data: Data, rows: jax.Array, steps: jax.Array) -> State:
            def one(number: jax.Array, state: State) -> State:
                _, new = step(state, _take(data, divided(rows[number])))
                return _as_carry(new, state)

            return jax.lax.fori_loop(0, steps, one, state)

        def train(state: State, data: Data, rows: jax.Array, steps: jax.Array) -> State:
            return over(alive().train_step, state, data, rows, steps)

        def train_once(state: State, data: Data) -> State:
            return _as_carry(alive().train_step(state, data)[1], state)

        def test(state: State, data: Data, rows: jax.Array, steps: jax.Array) -> State:
            _, frozen, metrics = over(alive().test_step, state, data, rows, steps)
            return metrics, frozen

        def test_once(state: State, data: Data) -> State:
            _, frozen, metrics = _as_carry(alive().test_step(state, data)[1], state)
            return metrics, frozen

        def logged_train(state: State, data: Data, rows: jax.Array, first: jax.Array, last: jax.Array) -> Any:
            def step(state: State, batch: Any) -> Any:
                logs, new = alive().train_step(state, batch)
                return logs, _as_carry(new, state)

            return logged(step, state, lambda number: _take(data, divided(rows[number])), first, last)

        def logged_test(state: State, data: Data, rows: jax.Array, first: jax.Array, last: jax.Array) -> Any:
            def step(state: State, batch: Any) -> Any:
                trainable, frozen, optimizer, metrics = state
                logs, new = alive().test_step((trainable, frozen, metrics), batch)
                _, frozen, metrics = new
                return logs, _as_carry((trainable, frozen, optimizer, metrics), state)

            return logged(step, state, lambda number: _take(data, divided(rows[number])), first, last)

        options = compiler_options(model)
        self.logged_train, once = Prepared(logged_train, options), Prepared(train_once, options)
        rest = Prepared(train_once, {**options, **QUICKLY} if options else {})
        self.train = {"loop": Prepared(train, options), "only": once, "rest": rest}
        # As Keras compiles `evaluate`, whose figures are then those of the validation to the last bit.
        self.logged_test, once = Prepared(logged_test, {}), Prepared(test_once, {})
        self.test = {"loop": Prepared(test, {}), "only": once, "rest": once}

    def trained(self, state: State, steps: Steps) -> State:
        """The state after these steps."""
        return self.train[steps.kind](state, *arguments_of(steps))

    def tested(self, state: State, steps: Steps) -> State:
        """Metrics and non-trainable variables after these steps; the state has no optimizer."""
        return self.test[steps.kind](state, *arguments_of(steps))


def arguments_of(steps: Steps) -> tuple[Any, ...]:
    """The arguments of the function that runs the steps."""
    return steps[:3] if steps.kind == "loop" else (steps.data,)


def compiler_options(model: keras.Model) -> dict[str, Any]:
    """Options for XLA beyond its defaults: how far it optimises, and which library multiplies the matrices on a CPU.

    LLVM's third level makes the update of an embedding's rows a tenth to a quarter slower than the second, and nothing
    that was measured faster.

    XLA's default library, YNNPACK, runs a batch of 32 times a kernel (784, 100) on two cores at less than half the
    speed of Eigen, XLA's other library, and wide kernels a third faster than it. So Eigen is chosen where
    the largest kernel has at most `NARROW` units. The products of a convolution, with many rows for each
    record, are YNNPACK's.
    """
    if jax.default_backend() != "cpu":
        return {}
    options: dict[str, Any] = {"xla_backend_optimization_level": 2}
    shapes = [variable.shape for variable in model.trainable_variables]
    kernels = [shape for shape in shapes if len(shape) == 2]
    if kernels and all(len(shape) <= 2 for shape in shapes) and max(kernels, key=math.prod)[1] <= NARROW:
        options["xla_cpu_experimental_ynn_fusion_type"] = ""
    return options


_cache: weakref.WeakKeyDictionary[keras.Model, Functions] = weakref.WeakKeyDictionary()


def functions_of(model: keras.Model) -> Functions:
    """The model's jitted loops, traced once for as long as what they were traced from stays in place."""
    functions = _cache.get(model)
    if functions is None or not functions.traced_from.same(model):
        functions = _cache[model] = Functions(model)
    return functions


def _take(data: Any, rows: jax.Array) -> Any:
    # mode="clip": the default masks rows out of range, a third of the epoch's time; ours never are.
    return jax.tree.map(lambda array: jnp.take(array, rows, axis=0, mode="clip"), data)


def _as_carry(new: Any, old: State) -> State:
    """`new` with the containers and dtypes of `old`: a loop's carry must not change its type."""
    leaves = [jnp.asarray(n, o.dtype) for n, o in zip(jax.tree.leaves(new), jax.tree.leaves(old), strict=True)]
    return jax.tree.unflatten(jax.tree.structure(old), leaves)
