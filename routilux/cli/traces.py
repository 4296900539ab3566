"""Here is the part of a traceback that a user wants to read: that of their own code."""

import sysconfig
import traceback
from itertools import dropwhile
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
EXAMPLES = PACKAGE / "_examples"
"""Where a wheel keeps the examples, which count as the user's."""
PYTHON = (sysconfig.get_path("stdlib"), "<frozen ")


def own_traceback(error: BaseException) -> str:
    """The error's traceback, which begins in the user's own code; empty if it never came there."""
    trace = traceback.TracebackException.from_exception(error)
    has_own = isinstance(error, SyntaxError)
    entry: traceback.TracebackException | None = trace
    while entry is not None:
        entry.stack = traceback.StackSummary.from_list(_own(entry.stack))
        has_own = has_own or bool(entry.stack)
        entry = entry.__cause__ or (None if entry.__suppress_context__ else entry.__context__)
    return "".join(trace.format()).rstrip() if has_own else ""


def _own(stack: traceback.StackSummary) -> list[traceback.FrameSummary]:
    """Without our frames, and without those of Python that lead to the first of the user's."""
    foreign = [frame for frame in stack if not _is_ours(Path(frame.filename))]
    return list(dropwhile(lambda frame: _is_python(frame.filename), foreign))


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(PACKAGE) and not path.is_relative_to(EXAMPLES)


def _is_python(filename: str) -> bool:
    return filename.startswith(PYTHON) and "site-packages" not in filename
