"""Here is a refusal on its way from where it is found to whoever has asked."""

from typing import Any

from routilux.commands import Refusal
from routilux.errors import RoutiluxError


class Refused(RoutiluxError):
    """A request that cannot be done as it was asked."""

    def __init__(self, code: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.refusal = Refusal(code, message, details or {})
