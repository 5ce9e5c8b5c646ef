"""A package's public names and the modules that define them → its `__getattr__` and `__dir__`, which import late."""

from __future__ import annotations

import importlib
import sys

TYPE_CHECKING = False  # see rowwise/__init__

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping


def late(
    package: str, places: Mapping[str, str], modules: Collection[str] = ()
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of `package`, whose names are imported when they are first used.

    No name may be that of a submodule: once the submodule is imported, Python puts it there in the name's place.

    Args:
        package: `__name__` of the package.
        places: name → the module that defines it, or `module:attribute` where it is called otherwise there.
        modules: submodules that are public themselves: `rowwise.shapes` after `import rowwise`.
    """

    def find(name: str) -> object:
        if name in modules:
            return importlib.import_module(f"{package}.{name}")  # which puts it there
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, attribute = places[name].partition(":")
        value = getattr(importlib.import_module(module), attribute or name)
        setattr(sys.modules[package], name, value)  # found once
        return value

    return find, lambda: sorted({*sys.modules[package].__all__, *places})
