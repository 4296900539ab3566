"""Here is what hooks cost to whom nobody listens: W1 in turns with a copy of the runtime that has none.

The copy is made by taking out of the worker's modules, by their syntax trees, each branch that asks the tap.
"""

import ast
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import routilux
from bench.arena import SCRIPT, TO_START, Contestant, started
from bench.contestants.work import Found, Measure

BY_MESSAGE = ("athand", "commits", "gather", "immediate", "loop", "outputs", "activation")
"""The worker's modules that a message, a run of activations or a commit passes."""
ASKS = {"tap", "watcher", "is_told"}
TO_MEASURE = 60.0
AT_ONCE = 20_000
"""Messages of one of the runs that are compared in pairs: short, as the speed of the cores changes."""


class WithoutHooks(ast.NodeTransformer):
    """Leaves of each branch that depends on the tap what is done when it is off."""

    def __init__(self) -> None:
        self.taken_out = 0

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        named = {getattr(each, "attr", getattr(each, "id", "")) for each in ast.walk(node.test)}
        if not named & ASKS or "lines" in named:  # lines are what a routine has printed
            return node
        self.taken_out += 1
        return node.orelse or ast.Pass()


def copy_without_hooks(folder: Path) -> int:
    """Puts a package `routilux` into the folder; how many branches were taken out of it."""
    package = Path(routilux.__file__).parent
    shutil.copytree(package, folder / "routilux", ignore=shutil.ignore_patterns("__pycache__"))
    transformer = WithoutHooks()
    for name in BY_MESSAGE:
        path = folder / "routilux" / "worker" / f"{name}.py"
        tree = transformer.visit(ast.parse(path.read_text()))
        path.write_text(ast.unparse(ast.fix_missing_locations(tree)))
    return transformer.taken_out


@contextmanager
def in_turns() -> Iterator[Measure]:
    """What is left of the messages a second where nobody listens: the median of pairs of runs."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        taken_out = copy_without_hooks(folder)
        heard = stack.enter_context(chain())
        hookless = stack.enter_context(chain(folder))

        def measure(count: int) -> Found:
            pairs = []
            for turn in range(max(1, count // (2 * AT_ONCE))):
                pair = (heard, hookless) if turn % 2 else (hookless, heard)
                found = {each: each.measure(min(count, AT_ONCE), TO_MEASURE)["value"] for each in pair}
                pairs.append(found[heard] / found[hookless])
            return {"value": median(pairs), "pairs": len(pairs), "taken_out": taken_out}

        yield measure


@contextmanager
def chain(folder: Path | None = None) -> Iterator[Contestant]:
    """W1's small dicts by a Routilux of their own: the one that is in the folder, if one is given."""
    options: dict[str, Any] = {"kind": "dict", "packages": []}
    if folder is not None:
        options["path"] = str(folder)
    with started(sys.executable, [str(SCRIPT), "ours:chain", json.dumps(options)]) as contestant:
        contestant.answer("ready", TO_START)
        yield contestant
