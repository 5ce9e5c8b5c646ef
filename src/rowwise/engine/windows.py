"""A function that JAX can trace → the same with its convolutions and poolings written as `window_products` has them.

In a loop XLA computes the gradients of a convolution on a CPU without the library that it has for them: fifty times
slower than the product of matrices that they are. The gradient of max-pooling it always computes number by number.
Sums are formed in another order than XLA's own, so results differ from Keras's by rounding.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax.extend.core import Literal, jaxpr_as_fun

from rowwise.engine import window_products

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_PLACES = 64  # of a window, a slice each: a kernel (7, 7) has 49
CALLS = ("jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call")


def with_fast_windows(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself where no CPU runs it; where it looks through no window, it computes what it always did."""
    if jax.default_backend() != "cpu":
        return function

    def traced(*arguments: Any) -> Any:
        closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
        leaves = jax.tree.leaves(arguments)
        if _looks_through_windows(closed.jaxpr):
            results = _evaluated(closed.jaxpr, closed.consts, leaves)
        else:
            results = jaxpr_as_fun(closed)(*leaves)
        return jax.tree.unflatten(jax.tree.structure(shape), results)

    return traced


def _looks_through_windows(jaxpr: Any) -> bool:
    return any(
        _replacement(eqn) is not None or ((called := _called(eqn)) is not None and _looks_through_windows(called.jaxpr))
        for eqn in jaxpr.eqns
    )


def _called(eqn: Any) -> Any:
    """The closed jaxpr of an equation that does nothing but call it once, or None."""
    return eqn.params.get("jaxpr", eqn.params.get("call_jaxpr")) if eqn.primitive.name in CALLS else None


def _evaluated(jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Any]) -> list[Any]:
    """The jaxpr's results, equation by equation; what it calls stands inline."""
    values: dict[Any, Any] = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*consts, *arguments), strict=True))

    def value(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else values[atom]

    for eqn in jaxpr.eqns:
        operands = [value(atom) for atom in eqn.invars]
        if (replacement := _replacement(eqn)) is not None:
            results = [replacement(*operands, **eqn.params)]
        elif (called := _called(eqn)) is not None:
            results = _evaluated(called.jaxpr, called.consts, operands)
        else:
            bound = eqn.primitive.bind(*operands, **eqn.params)
            results = bound if eqn.primitive.multiple_results else [bound]
        values.update(zip(eqn.outvars, results, strict=True))
    return [value(atom) for atom in jaxpr.outvars]


def _replacement(eqn: Any) -> Callable[..., jax.Array] | None:
    """What computes the same as this equation, faster; None for most equations."""
    name, params = eqn.primitive.name, eqn.params
    if name == "conv_general_dilated":
        return window_products.convolution if _is_plain_convolution(eqn) else None
    if name not in ("reduce_window_max", "reduce_window_sum", "select_and_scatter_add"):
        return None
    if math.prod(params["window_dimensions"]) > MOST_PLACES:
        return None
    if name == "select_and_scatter_add":
        return window_products.max_pool_backward if params["select_prim"].name == "ge" else None
    dilated = {*params["base_dilation"], *params["window_dilation"]} != {1}
    return None if dilated else getattr(window_products, name)


def _is_plain_convolution(eqn: Any) -> bool:
    params, (lhs, rhs), numbers = eqn.params, eqn.invars, eqn.params["dimension_numbers"]
    kernel = math.prod(rhs.aval.shape[axis] for axis in numbers.rhs_spec[2:])
    outputs = math.prod(eqn.outvars[0].aval.shape[axis] for axis in numbers.out_spec[2:])
    return (
        params["feature_group_count"] == params["batch_group_count"] == 1
        and lhs.aval.dtype == rhs.aval.dtype == eqn.outvars[0].aval.dtype == jnp.float32
        and 0 < min(kernel, outputs) <= MOST_PLACES
        and lhs.aval.size > 0
    )
