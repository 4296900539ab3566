"""Here is code that knows its file: a worker's traceback shows the user's own lines."""

from collections.abc import Callable
from types import CodeType
from typing import Any


def placed(file: str, build: Callable[..., CodeType], arguments: tuple[Any, ...]) -> CodeType:
    """The code that `build` makes, as code of that file."""
    return build(*arguments).replace(co_filename=file)
