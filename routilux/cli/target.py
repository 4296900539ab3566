"""Here is how the TARGET of a command becomes a flow: `module:flow` or `path/file.py:flow`."""

import importlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from routilux.cli.traces import own_traceback
from routilux.configuration import nearest
from routilux.errors import FlowError, RoutiluxError
from routilux.flow import Flow
from routilux.registry import FlowRegistry


class TargetError(RoutiluxError):
    """The target of a command leads to no flow; the message says where it ended."""


def load(target: str) -> Flow:
    """The flow that the target names; what its module raises becomes part of a TargetError."""
    place, colon, name = target.rpartition(":")
    if not (place and colon and name):
        raise TargetError(
            f"{target!r} names no flow: write MODULE:FLOW or path/FILE.py:FLOW, "
            f"for example {target.strip(':')}:flow"
        )
    module = _load_file(Path(place)) if place.endswith(".py") or os.sep in place else _load_module(place)
    return _flow(module, place, name)


def _load_file(path: Path) -> ModuleType:
    """Import a file by its stem, from its folder; the workers, which get our sys.path, can do so too."""
    path = path.absolute()
    if not path.is_file():
        raise TargetError(f"there is no file {str(path)!r}")
    if "." in path.stem:
        raise TargetError(f"{path.name!r} cannot be imported: its name may have no dot before '.py'")
    if path.stem in sys.stdlib_module_names:
        raise TargetError(
            f"{path.name!r} cannot be imported: {path.stem!r} is a module of Python's own; rename the file"
        )
    if (known := sys.modules.get(path.stem)) is not None and not _is_from(known, path):
        raise TargetError(_hidden(path, known))
    sys.path.insert(0, str(path.parent))
    module = _import(path.stem, str(path))
    if not _is_from(module, path):
        raise TargetError(_hidden(path, module))
    return module


def _load_module(name: str) -> ModuleType:
    if (folder := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, folder)
    return _import(name, name)


def _import(name: str, place: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # the user's module
        raise TargetError(_raised(f"cannot import {place!r}", error)) from error


def _is_from(module: ModuleType, path: Path) -> bool:
    return Path(getattr(module, "__file__", None) or "").resolve() == path.resolve()


def _hidden(path: Path, other: ModuleType) -> str:
    place = getattr(other, "__file__", None) or "built in"
    return (
        f"{path.name!r} cannot be imported: another module is named {path.stem!r} ({place}); rename the file"
    )


def _flow(module: ModuleType, place: str, name: str) -> Flow:
    """The attribute, else the flow that was registered under that name."""
    missing = object()
    found = getattr(module, name, missing)
    if found is missing:
        found = FlowRegistry.get_instance().list_all().get(name, missing)
    if found is missing:
        raise TargetError(f"{place!r} has no {name!r}: {nearest(name, _flows(vars(module).items()))}")
    if callable(found):
        found = _made(found, place, name)
    if not isinstance(found, Flow):
        raise TargetError(f"{name!r} of {place!r} is no Flow, but a {type(found).__name__}")
    return found


def _made(factory: Any, place: str, name: str) -> object:
    """What the function returns; a routine, which can be called too, is none."""
    if not hasattr(factory, "__code__"):
        return factory
    if factory.__code__.co_argcount > len(factory.__defaults__ or ()):
        raise TargetError(
            f"{name}() of {place!r} takes parameters: name a Flow, or a function without any that returns one"
        )
    try:
        return factory()
    except FlowError:
        raise
    except (Exception, SystemExit) as error:  # the user's function
        raise TargetError(_raised(f"{name}() of {place!r} made no flow", error)) from error


def _flows(items: Iterable[tuple[str, object]]) -> list[str]:
    return [name for name, value in items if isinstance(value, Flow)]


def _raised(what: str, error: BaseException) -> str:
    return f"{what}: {type(error).__name__}: {error}\n\n{own_traceback(error)}".rstrip()
