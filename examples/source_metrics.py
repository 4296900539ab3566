"""Metrics of Python source: the routine that burns CPU runs in as many processes as you like.

`walk` finds the files, `measure` parses each of them, `Summary` adds up what it gets and gives one table at
the end of the job. The figures are the same for any number of workers: sums do not depend on who came first.

    routilux run examples/source_metrics.py:flow
    routilux run examples/source_metrics.py:flow -p directory=src --workers measure=4
    python examples/source_metrics.py [directory] [--workers N]
"""

import argparse
import ast
import os
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

from routilux import Event, Flow, Routine, Runtime, Slot, routine

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DECISIONS = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.comprehension,
    ast.match_case,
)


class Measure(TypedDict):
    """The metrics of one file. `worst` is its most complex function; `error` says why there are none."""

    package: str
    path: str
    bytes: int
    lines: int
    code_lines: int
    functions: int
    classes: int
    imports: int
    complexity: int
    worst: tuple[int, str]
    error: str | None


@routine
def walk(directory: str | None = None) -> Iterator[tuple[str, str]]:
    """Package and path of each Python file below the directory, by default that of the standard library."""
    root = Path(directory or sysconfig.get_path("stdlib"))
    if not root.is_dir():
        raise NotADirectoryError(f"there is no directory {str(root)!r} to look for Python files in")
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - {"site-packages", "__pycache__"})
        for name in sorted(name for name in files if name.endswith(".py")):
            path = Path(folder, name)
            yield path.relative_to(root).parts[0].removesuffix(".py"), str(path)


@routine
def measure(file: tuple[str, str]) -> Measure:
    """Read and parse one file. One that cannot be parsed says so in its record: the others still count.

    `complexity` is cyclomatic: per function its decisions plus one (T. J. McCabe, A Complexity Measure,
    IEEE TSE SE-2(4), 1976); each `and` and `or` decides too, and a function within another counts for itself.
    """
    package, path = file
    source = Path(path).read_bytes()
    texts = [line.strip() for line in source.splitlines()]
    found = Measure(
        package=package,
        path=path,
        bytes=len(source),
        lines=len(texts),
        code_lines=sum(bool(text) and not text.startswith(b"#") for text in texts),
        functions=0,
        classes=0,
        imports=0,
        complexity=0,
        worst=(0, ""),
        error=None,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are the measured file's, not ours
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        found["error"] = f"{type(error).__name__}: {error}"
        return found
    functions = []
    stack: list[tuple[ast.AST, list[Any]]] = [
        (tree, [1, ""])
    ]  # a node, and complexity and name of the function around
    while stack:
        node, around = stack.pop()
        if isinstance(node, DEFINITIONS):
            around = [1, f"{package}:{node.name}"]
            functions.append(around)
        elif isinstance(node, DECISIONS):
            around[0] += 1
        elif isinstance(node, ast.BoolOp):
            around[0] += len(node.values) - 1
        elif isinstance(node, ast.ClassDef):
            found["classes"] += 1
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found["imports"] += len(node.names)
        stack += [(child, around) for child in ast.iter_child_nodes(node)]
    found["functions"] = len(functions)
    found["complexity"] = sum(number for number, _ in functions)
    found["worst"] = max(((number, name) for number, name in functions), default=(0, ""))
    return found


class Row(TypedDict):
    """The metrics of a package; `most_complex` is a function."""

    package: str
    files: int
    lines: int
    code_lines: int
    functions: int
    classes: int
    complexity: int
    most_complex: str
    unparsed: int


class Summary(Routine):
    """One table per job, a row per package, the longest first, the total last."""

    record = Slot[Measure]()
    table = Event[list[Row]]()

    def logic(self, record: Measure) -> None:
        # One entry per package: what is assigned is saved, and that should not be the whole table each time.
        package = record["package"]
        self.state[package] = added(self.state.get(package, NOTHING), record)

    def finish(self) -> None:
        packages = dict(self.state)
        rows = sorted(
            (row(name, sums) for name, sums in packages.items()), key=lambda r: (-r["lines"], r["package"])
        )
        self.table.emit([*rows, row("total", combined(list(packages.values())))])


Sums = tuple[tuple[int, ...], tuple[int, str]]
NOTHING: Sums = ((0, 0, 0, 0, 0, 0, 0), (0, ""))


def added(sums: Sums, record: Measure) -> Sums:
    """The sums of a package with one more file."""
    figures = (
        record["lines"],
        record["code_lines"],
        record["functions"],
        record["classes"],
        record["complexity"],
    )
    return combined([sums, ((1, *figures, int(record["error"] is not None)), record["worst"])])


def combined(several: list[Sums]) -> Sums:
    """Sums of sums, in whichever order: the most complex function is the last by name among equals."""
    counts = tuple(sum(column) for column in zip(NOTHING[0], *(counts for counts, _ in several), strict=True))
    return counts, max((worst for _, worst in several), default=(0, ""))


def row(package: str, sums: Sums) -> Row:
    (files, lines, code_lines, functions, classes, total, unparsed), (worst, name) = sums
    return Row(
        package=package,
        files=files,
        lines=lines,
        code_lines=code_lines,
        functions=functions,
        classes=classes,
        complexity=total,
        most_complex=f"{name} ({worst})" if name else "",
        unparsed=unparsed,
    )


flow = Flow("source_metrics")
flow.add_routine(walk, "walk")
flow.add_routine(measure, "measure", workers=2)
flow.add_routine(Summary, "summary")
flow.connect("walk", "output", "measure", "file")
flow.connect("measure", "output", "summary", "record")


def main() -> None:
    parser = argparse.ArgumentParser(description="Metrics of the Python source below a directory.")
    parser.add_argument("directory", nargs="?", help="the standard library unless given")
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        help="processes that parse (default: one per core)",
    )
    arguments = parser.parse_args()
    with Runtime(workers={"measure": arguments.workers}) as runtime:
        table: list[dict[str, Any]] = runtime.run(flow, directory=arguments.directory)
    for record in (*table[:20], table[-1]):
        print(
            "{package:20} {files:6,} files {lines:9,} lines {functions:8,} functions  {most_complex}".format(
                **record
            )
        )


if __name__ == "__main__":
    main()
