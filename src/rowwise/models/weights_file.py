"""The HDF5 part of a `.keras` file that a stranger may have made → the shapes of its weights, once it is plain.

Keras writes groups and datasets whose numbers lie in one piece, and nothing else. HDF5 can do far more: links to other
files, datasets whose values stand in other files or are put together from them, values that unpack or are repeated.
None of it is needed, all of it is refused before Keras sees the file, whatever its version does itself.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from rowwise.text import say

if TYPE_CHECKING:
    from collections import Counter

MOST_OBJECTS = 20_000  # groups and datasets: a layer has about ten
DEEPEST = 64
KINDS = "fiubcV"  # NumPy's: floats, integers, truth values; V for bfloat16, which NumPy has not

Shape = tuple[int, ...]


def weight_shapes(file: IO[bytes], size: int) -> Counter[Shape]:
    """How often each shape of an array is in the file.

    Args:
        file: HDF5, readable at any place.
        size: its bytes.

    Raises:
        ValueError: what Keras would not have written, in words. Exception: damaged; h5py has errors of many kinds.
    """
    from collections import Counter

    import h5py

    shapes: Counter[Shape] = Counter()
    values = objects = 0
    seen = set()
    with h5py.File(file, "r") as root:
        waiting: list[tuple[str, Any, int]] = [("", root, 0)]
        while waiting:
            place, group, depth = waiting.pop()
            for name in group:
                path = f"{place}/{name}"
                objects += 1
                if objects > MOST_OBJECTS or depth > DEEPEST:
                    raise ValueError(say("weights.many", name=path, most=f"{MOST_OBJECTS:,}"))
                link = group.get(name, getlink=True)
                if not isinstance(link, h5py.HardLink):
                    raise ValueError(say("weights.link", name=path, found=type(link).__name__))
                member = group[name]
                address = h5py.h5o.get_info(member.id).addr
                if address in seen:
                    raise ValueError(say("weights.link", name=path, found="HardLink"))
                seen.add(address)
                if isinstance(member, h5py.Group):
                    waiting.append((path, member, depth + 1))
                    continue
                values += _check(path, member, size)
                if values > size:
                    raise ValueError(say("weights.short", name=path))
                shapes[member.shape] += 1
    return shapes


def _check(path: str, dataset: Any, size: int) -> int:
    """The bytes of a dataset, which lie within the `size` bytes of the file, in one piece, as they are."""
    import h5py

    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None or dataset.dtype.kind not in KINDS:
        raise ValueError(say("weights.kind", name=path, found=getattr(dataset, "dtype", type(dataset).__name__)))
    if dataset.dtype.hasobject or dataset.dtype.names is not None:
        raise ValueError(say("weights.kind", name=path, found=dataset.dtype))
    settings = dataset.id.get_create_plist()
    if dataset.external or settings.get_external_count() or dataset.is_virtual:
        raise ValueError(say("weights.outside", name=path))
    if settings.get_layout() not in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT) or settings.get_nfilters():
        raise ValueError(say("weights.packed", name=path))
    announced = int(dataset.nbytes)
    start = dataset.id.get_offset() or 0  # none of a compact dataset, which stands in its own header
    if dataset.id.get_storage_size() != announced or start + announced > size:
        raise ValueError(say("weights.short", name=path))
    if "dtype" in dataset.attrs and dataset.attrs.get_id("dtype").shape != ():  # Keras notes bfloat16 there
        raise ValueError(say("weights.kind", name=path, found="dtype"))
    return announced
