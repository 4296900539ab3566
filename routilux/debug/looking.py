"""Here is the look at a held place: frames and variables, told without running any code of theirs."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Mapping
from itertools import islice
from types import FrameType, GeneratorType
from typing import Any, Final

from routilux.debug import guards
from routilux.debug.holds import StackFrame, Variable
from routilux.debug.messages import shown
from routilux.debug.pictures import picture
from routilux.invoke import Steps

MOST: Final = 100
"""Variables, or parts of one, that are told at a time."""
FRAMES: Final = 50
NUMBERS_SHOWN: Final = 6
STATISTICS: Final = 1 << 22
"""Items of an array of which least and most are told."""
_OURS: Final = "routilux"
_EXAMPLES: Final = "routilux._examples"

Part = tuple[str, Any, str]
"""Name, value and scope."""


def user_frames(frame: FrameType | None) -> list[FrameType]:
    """The user's own, the innermost first, as far as the runtime's that called them. A generator is found
    although it waits.
    """
    found: list[FrameType] = []
    while frame is not None and frame.f_back is not None and len(found) < FRAMES:  # the last is the boot
        if not _is_ours(frame):
            found.append(frame)
        elif frame.f_code is Steps.take.__code__ and (inner := _generator_frame(frame)) is not None:
            found.append(inner)
        elif found:
            break
        frame = frame.f_back
    return found


def frames_of(error: BaseException) -> list[FrameType]:
    """The user's own, the innermost first, where an exception has come from."""
    found: list[FrameType] = []
    trace = error.__traceback__
    while trace is not None:
        if not _is_ours(trace.tb_frame):
            found.append(trace.tb_frame)
        trace = trace.tb_next
    return found[::-1][:FRAMES]


def _is_ours(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    if type(name) is not str or name == _EXAMPLES or name.startswith(_EXAMPLES + "."):
        return False
    return name == _OURS or name.startswith(_OURS + ".")


def _generator_frame(frame: FrameType) -> FrameType | None:
    values = frame.f_locals.get("values")
    return values.gi_frame if type(values) is GeneratorType else None


def stack(frames: list[FrameType]) -> tuple[StackFrame, ...]:
    return tuple(
        StackFrame(
            str(frame.f_code.co_qualname if hasattr(frame.f_code, "co_qualname") else frame.f_code.co_name),
            frame.f_code.co_filename,
            frame.f_lineno,
            linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()[:200],
        )
        for frame in frames
    )


def variables(roots: list[Part], path: tuple[int, ...]) -> tuple[Variable, ...]:
    """The roots, or what is in the one that the path leads to."""
    parts, at = roots, tuple[int, ...]()
    for step in path:
        if not 0 <= step < len(parts):
            return ()
        parts, at = list(islice(parts_of(parts[step][1]), MOST)), (*at, step)
    return tuple(described(part, (*at, place)) for place, part in enumerate(parts[:MOST]))


def described(part: Part, path: tuple[int, ...]) -> Variable:
    """One value: its type, a short text, how much is in it."""
    name, value, scope = part
    return Variable(
        name[:200], guards.typename(value), text(value), scope, _count(value), path, picture(value)
    )


def text(value: Any) -> str:
    """A short line about any value."""
    if guards.is_array(value):
        return _array_text(value)
    return shown(value)


def _array_text(array: Any) -> str:
    """dtype, shape and some numbers; nothing is copied but those."""
    facts = f"{array.dtype} {tuple(array.shape)}"
    if array.dtype.hasobject or not array.size:
        return facts
    if array.dtype.kind in "biuf" and array.size <= STATISTICS:
        facts += f" min {array.min()} max {array.max()}"
    first = array.flat[:NUMBERS_SHOWN].tolist()
    return f"{facts} {str(first)[:200]}"


def _count(value: Any) -> int:
    kinds = guards.mro(type(value))
    if any(id(kind) in guards.SIZED for kind in kinds):
        return 0 if id(type(value)) in guards.TEXTS else guards.length(value)
    return sum(1 for _ in islice(parts_of(value), MOST))


def parts_of(value: Any) -> Iterator[Part]:
    """What is in it: items, fields, attributes."""
    kinds = guards.mro(type(value))
    for kind in kinds:
        if kind is dict:
            yield from ((shown(key), each, "item") for key, each in islice(dict.items(value), MOST))
            return
        if id(kind) in guards.SEQUENCES or id(kind) in guards.SETS:
            items = islice(kind.__iter__(value), MOST)  # type: ignore[attr-defined]
            names = _field_names(value)
            yield from ((names.get(at, f"[{at}]"), each, "item") for at, each in enumerate(items))
            return
    if id(type(value)) in guards.SCALARS:
        return
    fields = guards.fields_of(value)
    for name, read in fields.items():
        found = read(value)
        if found is not guards.NOTHING:
            yield name, found, "field"
    attributes = guards.attributes_of(value)
    yield from ((name, each, "attribute") for name, each in attributes.items() if name not in fields)


def _field_names(value: Any) -> Mapping[int, str]:
    return dict(enumerate(guards.fields_of(value)))
