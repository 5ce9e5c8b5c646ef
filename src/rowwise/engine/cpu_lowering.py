"""A function that JAX can trace → the same, with what XLA computes slowly on a CPU written otherwise.

Convolutions and poolings become products and slices (`window_products`): in a loop XLA computes the gradients of a
convolution without the library that it has for them, fifty times slower than the product of matrices that they are,
and the gradient of max-pooling always number by number. Their sums are formed in another order than XLA's own, so that
results differ from Keras's by rounding. Random numbers are the same to the bit, without JAX's loop (`threefry`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax.extend.core import Literal, jaxpr_as_fun
from jax.extend.random import threefry_prng_impl

from rowwise.engine import window_products
from rowwise.engine.threefry import threefry2x32

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_PLACES = 64  # of a window, a slice each: a kernel (7, 7) has 49
CALLS = ("jit", "pjit", "closed_call", "core_call")
DERIVED = ("custom_jvp_call", "custom_vjp_call")  # calls with a derivative of their own, which nobody asks for any more


def lowered_for_cpu(function: Callable[..., Any], *arguments: Any) -> jax.stages.Lowered:
    """`jax.jit(function).lower(*arguments)`; where a CPU runs it, with all that is to be replaced."""
    traced = jax.jit(function).trace(*arguments)
    if jax.default_backend() != "cpu" or not _to_be_replaced(traced.jaxpr.jaxpr):
        return traced.lower()

    def replaced(*arguments: Any) -> Any:
        results = _evaluated(traced.jaxpr.jaxpr, traced.jaxpr.consts, jax.tree.leaves(arguments))
        return jax.tree.unflatten(jax.tree.structure(traced.out_info), results)

    return jax.jit(replaced).lower(*arguments)


def _to_be_replaced(jaxpr: Any) -> bool:
    """Whether there is anything in it, or in what it calls."""
    return any(
        _replacement(eqn) is not None or ((called := _called(eqn)) is not None and _to_be_replaced(called.jaxpr))
        for eqn in jaxpr.eqns
    )


def _called(eqn: Any) -> Any:
    """The closed jaxpr of an equation that does nothing but call it, once or in a loop; or None."""
    if eqn.primitive.name == "while":
        return eqn.params["body_jaxpr"]
    return eqn.params.get("jaxpr", eqn.params.get("call_jaxpr")) if eqn.primitive.name in CALLS + DERIVED else None


def _evaluated(jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Any]) -> list[Any]:
    """The jaxpr's results, equation by equation; calls in which something is replaced stand inline."""
    values: dict[Any, Any] = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*consts, *arguments), strict=True))

    def value(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else values[atom]

    for eqn in jaxpr.eqns:
        operands = [value(atom) for atom in eqn.invars]
        called = _called(eqn)
        if (replacement := _replacement(eqn)) is not None:
            results = replacement(*operands, **eqn.params)
        elif called is not None and (eqn.primitive.name in DERIVED or _to_be_replaced(called.jaxpr)):
            if eqn.primitive.name == "while":
                results = _loop(operands, **eqn.params)
            else:
                results = _evaluated(called.jaxpr, called.consts, operands)
        else:
            results = eqn.primitive.bind(*operands, **eqn.params)
        several = isinstance(results, list | tuple)
        values.update(zip(eqn.outvars, results if several else [results], strict=True))
    return [value(atom) for atom in jaxpr.outvars]


def _loop(operands: list[Any], *, cond_jaxpr: Any, cond_nconsts: int, body_jaxpr: Any, body_nconsts: int) -> Any:
    """A loop whose body is evaluated equation by equation."""
    of_condition = operands[:cond_nconsts]
    of_body = operands[cond_nconsts : cond_nconsts + body_nconsts]
    return jax.lax.while_loop(
        lambda carry: jaxpr_as_fun(cond_jaxpr)(*of_condition, *carry)[0],
        lambda carry: _evaluated(body_jaxpr.jaxpr, body_jaxpr.consts, [*of_body, *carry]),
        operands[cond_nconsts + body_nconsts :],
    )


def _replacement(eqn: Any) -> Callable[..., Any] | None:
    """What computes the same as this equation, faster; None for most equations."""
    name, params = eqn.primitive.name, eqn.params
    if name == "random_bits":
        keys = eqn.invars[0].aval
        return _random_bits if str(keys.dtype) == "key<fry>" and not keys.shape else None
    if name == "threefry2x32":
        return threefry2x32
    if name == "conv_general_dilated":
        return window_products.convolution if _is_plain_convolution(eqn) else None
    if name not in ("reduce_window_max", "reduce_window_sum", "select_and_scatter_add"):
        return None
    if math.prod(params["window_dimensions"]) > MOST_PLACES or not jnp.issubdtype(
        eqn.outvars[0].aval.dtype, jnp.floating
    ):
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


def _random_bits(key: jax.Array, *, bit_width: int, shape: tuple[int, ...], **_: Any) -> Any:
    """JAX's own way from a key to bits, but for the generator at its end."""
    data = jax.random.key_data(key)
    closed = jax.make_jaxpr(lambda data: threefry_prng_impl.random_bits(data, bit_width, shape))(data)
    return _evaluated(closed.jaxpr, closed.consts, [data])
