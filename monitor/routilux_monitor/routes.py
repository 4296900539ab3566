"""Here is the table that requests are answered from. A handler's signature says it all: what it takes as
body and query, and what it answers; the OpenAPI document is made from the same table.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec

from routilux_monitor.contract.fields import Body, Query
from routilux_monitor.monitor import Monitor
from routilux_monitor.roles import Role

PREFIXES = ("/api/v1", "/api")
"""The same answers under both; the first is the one to use."""

_PARAMETER = re.compile(r"\{(\w+)\}")


class NoBody(Body, frozen=True):
    """Nothing, or `{}`."""


class NoQuery(Query, frozen=True):
    """No parameters."""


B = TypeVar("B", bound=Body)
Q = TypeVar("Q", bound=Query)


@dataclass(frozen=True)
class Call(Generic[B, Q]):
    """One request, typed."""

    path: Mapping[str, str]
    query: Q
    body: B
    role: Role = Role.DEBUG


class File(msgspec.Struct, frozen=True):
    """An answer to be kept as a file of this name; `content` is what is sent."""

    name: str
    content: Any


Handler = Callable[[Monitor, Call[Any, Any]], Awaitable[Any]]


@dataclass(frozen=True)
class Route:
    """One row of the table."""

    method: str
    path: str
    """Below the prefix, with `{names}` of parameters."""
    handler: Handler
    body: type[Body]
    query: type[Query]
    answer: Any
    status: int
    errors: tuple[str, ...]
    """Codes beyond those that any route may answer."""
    tag: str

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(_PARAMETER.findall(self.path))

    @property
    def pattern(self) -> str:
        """The path as the router takes it: a parameter is whatever lies between two slashes, decoded."""
        return _PARAMETER.sub(r"{\1:[^/]+}", self.path)

    @property
    def changes(self) -> bool:
        """Whether it changes anything: then the view token is not enough."""
        return self.method != "GET"

    @property
    def doc(self) -> str:
        return getdoc(self.handler) or ""


def route(method: str, path: str, handler: Handler, *errors: str, status: int = 200) -> Route:
    """A row, with the types that the handler's signature declares."""
    hints = get_type_hints(handler, include_extras=True)
    body, query = get_args(hints["call"])
    return Route(
        method=method,
        path=path,
        handler=handler,
        body=body,
        query=query,
        answer=hints["return"],
        status=status,
        errors=errors,
        tag=path.strip("/").split("/")[0],
    )
