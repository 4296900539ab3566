"""Here is the wire: JSON bodies and query parameters become typed values, typed answers become JSON."""

import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

import msgspec
from multidict import MultiMapping

from routilux_monitor.contract.errors import ApiError

JSON = "application/json"
T = TypeVar("T")

_encode = msgspec.json.Encoder(decimal_format="string").encode
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<where>\$.*)`)?$", re.DOTALL)
_FIELD = re.compile(r"(?:unknown|required) field `(?P<field>.*)`$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def encode(answer: object) -> bytes:
    """An answer as JSON."""
    return _encode(answer)


def is_json(content_type: str) -> bool:
    """Whether a Content-Type is JSON's own: no browser sends it across sites without asking first."""
    kind, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    return kind.strip().lower() == JSON and charset in ("", "charset=utf-8")


def body(raw: bytes, kind: type[T]) -> T:
    """The body of a request. Whatever it holds can be sent on to a runtime."""
    try:
        value = msgspec.json.decode(raw, type=kind)
        msgspec.msgpack.encode(value)
    except msgspec.ValidationError as error:
        _refuse(error, "body")
    except OverflowError:
        raise ApiError(
            "VALIDATION_ERROR", "a whole number has more than 64 bits: send it as text", pointer="", **_BODY
        ) from None
    except RecursionError:
        raise ApiError("MALFORMED_REQUEST", "the body is nested too deeply", **_BODY) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ApiError("MALFORMED_REQUEST", f"the body is no JSON: {error}", **_BODY) from None
    return value


_BODY = {"in": "body"}


def query(given: MultiMapping[str], kind: type[T]) -> T:
    """The query parameters."""
    names = set(given)
    for name in names:
        if len(given.getall(name)) > 1:
            raise ApiError(
                "VALIDATION_ERROR", f"`{name}` is given more than once", **{"in": "query", "pointer": f"/{name}"}
            )
    try:
        value = msgspec.convert({name: given[name] for name in names}, kind, strict=False)
    except msgspec.ValidationError as error:
        _refuse(error, "query")
    for name in names:
        number = getattr(value, name, None)
        # NaN passes any bound, since it compares as false with all of them.
        if isinstance(number, float) and not math.isfinite(number):
            raise ApiError(
                "VALIDATION_ERROR", "expected a finite number", **{"in": "query", "pointer": f"/{name}"}
            )
    return value


def _refuse(error: msgspec.ValidationError, place: str) -> NoReturn:
    found = _AT.match(str(error))
    what, where = (found["what"], found["where"]) if found else (str(error), None)
    steps = [name or index for name, index in _STEP.findall(where or "")]
    field = _FIELD.search(what)
    if field:
        steps.append(field["field"])
    raise ApiError("VALIDATION_ERROR", what, **{"in": place, "pointer": pointer(steps)}) from None


def pointer(steps: Iterable[Any]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
