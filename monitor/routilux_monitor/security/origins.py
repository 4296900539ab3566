"""Here are the names that somebody has allowed: hosts that the monitor answers to, origins whose pages may
ask.
"""

import re
from collections.abc import Iterable

_NAME = r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?"
_HOST = re.compile(_NAME)
_ORIGIN = re.compile(f"https?://{_NAME}")


class OriginError(Exception):
    """What was allowed is no host or no origin."""


def host_names(given: Iterable[str]) -> frozenset[str]:
    """As a Host header says them: `name` or `name:port`."""
    names = frozenset(name.lower() for name in given)
    for name in names:
        if not _HOST.fullmatch(name):
            raise OriginError(f"--allow-host {name}: expected NAME or NAME:PORT")
    return names


def origins(given: Iterable[str]) -> frozenset[str]:
    """As an Origin header says them: `scheme://name` or `scheme://name:port`."""
    return frozenset(map(_origin, given))


def _origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        raise OriginError(
            f"--allow-origin {text}: expected https://NAME or https://NAME:PORT, in small letters"
        )
    return text
