"""Here is the wire: JSON bodies and query parameters become typed values, typed answers become JSON."""

import math
import re
from collections.abc import Iterable
from typing import Literal, TypeVar

import msgspec
from multidict import MultiMapping

from routilux_monitor.contract.errors import ApiError, invalid

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
        raise _refusal(error, "body") from None
    except OverflowError:
        why = "a whole number has more than 64 bits: send it as text"
        raise invalid(why, place="body", pointer="") from None
    except RecursionError:
        raise ApiError("MALFORMED_REQUEST", "the body is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ApiError("MALFORMED_REQUEST", f"the body is no JSON: {error}") from None
    return value


def query(given: MultiMapping[str], kind: type[T]) -> T:
    """The query parameters."""
    for name in set(given):
        if len(given.getall(name)) > 1:
            raise invalid(f"`{name}` is given more than once", place="query", pointer=pointer([name]))
    try:
        value = msgspec.convert({name: given[name] for name in given}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(error, "query") from None
    for name in given:
        number = getattr(value, name, None)
        # NaN passes any bound, since it compares as false with all of them.
        if isinstance(number, float) and not math.isfinite(number):
            raise invalid("expected a finite number", place="query", pointer=pointer([name]))
    return value


def _refusal(error: msgspec.ValidationError, place: Literal["body", "query"]) -> ApiError:
    found = _AT.match(str(error))
    what, where = (found["what"], found["where"]) if found else (str(error), None)
    steps = [name or index for name, index in _STEP.findall(where or "")]
    field = _FIELD.search(what)
    if field:
        steps.append(field["field"])
    return invalid(what, place=place, pointer=pointer(steps))


def pointer(steps: Iterable[str]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
