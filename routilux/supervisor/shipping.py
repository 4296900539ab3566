"""Here is how code travels to the workers: by reference where it can be imported, by value where it
cannot.
"""

import pickle
import sys
from collections.abc import Mapping
from types import FunctionType

from routilux import pickling
from routilux.errors import FlowError
from routilux.graph import Node
from routilux.hooks import NO_HOOKS, Hooks


def ship_node(node: Node) -> bytes:
    """The routine of a node and how it is run; raises FlowError naming the routine when it cannot travel."""
    try:
        return pickling.dumps(node)
    except Exception as error:  # pickling runs the user's code, which may raise anything
        message = f"routine {node.name!r} cannot be shipped to another process: {error}"
        raise FlowError(message) from error


def ship_hooks(hooks: Hooks) -> bytes:
    """The user's hooks; raises FlowError when they cannot travel."""
    if hooks is NO_HOOKS:
        return b""
    try:
        return pickling.dumps(hooks)
    except Exception as error:  # as above
        raise FlowError(f"hooks cannot be shipped to another process: {error}") from error


def ship_main() -> bytes:
    """The classes that `__main__` defines and, apart from them, its functions, each by cloudpickle; what
    cannot travel stays at home.

    They go into the worker's `__main__`, so that payloads of those classes pickle by reference.
    """
    classes: dict[str, bytes] = {}
    functions: dict[str, bytes] = {}
    main = sys.modules.get("__main__")
    for name, value in list(vars(main).items()) if main is not None else []:
        if getattr(value, "__module__", None) != "__main__" or name.startswith("__"):
            continue
        if isinstance(value, type | FunctionType) or callable(value):
            try:
                (classes if isinstance(value, type) else functions)[name] = pickling.dumps(value)
            except Exception:  # not needed by any routine, or ship_node says so  # noqa: BLE001, S112
                continue
    return pickle.dumps((classes, functions))


def ship_connections(needs: Mapping[int, object]) -> bytes:
    """What connections need where a message is emitted, by their number: key sources, demanded types."""
    return pickling.dumps(needs)
