"""Here is how code is pickled: as cloudpickle does, which from 3.1.3 on forgets what file it comes from."""

import io
from collections import ChainMap
from types import CodeType
from typing import Any, ClassVar

import cloudpickle

from routilux.codefile import placed


def _reduced(code: CodeType) -> tuple[Any, ...]:
    build, arguments = cloudpickle.Pickler.dispatch_table[CodeType](code)[:2]
    return placed, (code.co_filename, build, arguments)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc] # cloudpickle ships no types
    dispatch_table: ClassVar[Any] = ChainMap({CodeType: _reduced}, cloudpickle.Pickler.dispatch_table)


def dumps(value: object) -> bytes:
    """The value as bytes for `pickle.loads`; raises whatever keeps it from being pickled."""
    file = io.BytesIO()
    _Pickler(file).dump(value)
    return file.getvalue()
