"""Here is what surrounds every request: it gets an id, must pass the checks, and whatever goes wrong
becomes an error of the contract.
"""

import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from aiohttp.typedefs import Middleware

from routilux_monitor import wire
from routilux_monitor.contract.errors import ApiError
from routilux_monitor.endpoint import ROLE, Answerer
from routilux_monitor.roles import Role
from routilux_monitor.security import headers
from routilux_monitor.security.access import READS, Access, Needs

log = logging.getLogger("routilux.monitor")

ID: web.RequestKey[str] = web.RequestKey("request id", str)
_FIT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CODES = {404: "PATH_NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "BODY_TOO_LARGE"}

Rules = Mapping[tuple[str, str], Needs]
"""What each method and path needs; those that are not here need the view token to hear that they are not."""


def request_id(request: web.BaseRequest) -> str:
    """The client's, if it is fit to be written into a log."""
    given = request.headers.get("X-Request-Id", "")
    return given if _FIT_ID.fullmatch(given) else uuid.uuid4().hex


@web.middleware
async def errors(request: web.Request, handler: Answerer) -> web.StreamResponse:
    """Every answer but a good one is an ErrorAnswer."""
    request[ID] = request_id(request)
    try:
        return await handler(request)
    except ApiError as error:
        return refusal(error, request[ID])
    except web.HTTPException as error:
        code = _CODES.get(error.status, "MALFORMED_REQUEST")
        response = refusal(ApiError(code, error.reason), request[ID])
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except ConnectionError:  # the client has gone: nobody reads this
        return web.Response(status=400)
    except Exception:
        log.exception("request %s (%s %s) has failed", request[ID], request.method, request.path)
        why = f"this is a bug; the log tells more under {request[ID]}"
        return refusal(ApiError("INTERNAL_ERROR", why), request[ID])


def refusal(error: ApiError, number: str) -> web.Response:
    extra = {}
    if error.status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    if "retry_after" in error.details:
        extra["Retry-After"] = str(error.details["retry_after"])
    return web.Response(
        status=error.status, body=wire.encode(error.answer(number)), content_type=wire.JSON, headers=extra
    )


def guard(access: Access, rules: Rules, websockets: frozenset[str]) -> Middleware:
    """Let through what may come, with its role. Of the WebSocket only the place is checked here: its token is
    judged when it can be told so by a close code.
    """

    @web.middleware
    async def check(request: web.Request, handler: Answerer) -> web.StreamResponse:
        access.check_place(request)
        if _asks_first(request, access):
            response = web.Response(status=204)
            headers.may_come(response.headers)
            return response
        path = _canonical(request)
        if path in websockets and is_upgrade(request):
            return await handler(request)
        role = access.role(request, is_websocket=False)
        method = "GET" if request.method == "HEAD" else request.method
        access.check_role(role, rules.get((method, path), Needs.VIEW), request.method)
        if request.method not in READS and not wire.is_json(request.headers.get("Content-Type", "")):
            raise ApiError("UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json, in UTF-8")
        request[ROLE] = role or Role.VIEW
        return await handler(request)

    return check


def _asks_first(request: web.Request, access: Access) -> bool:
    """Whether a page of an allowed origin asks if it may ask; a browser sends no token with that."""
    return (
        request.method == "OPTIONS"
        and request.headers.get("Origin") in access.allowed_origins
        and "Access-Control-Request-Method" in request.headers
    )


def _canonical(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else request.path


def is_upgrade(request: web.BaseRequest) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


def always_with(access: Access) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Adds the headers that each answer has, whoever made it."""

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        headers.secure(response.headers)
        headers.share(request, response.headers, access)
        if (number := request.get(ID)) is not None:
            response.headers["X-Request-Id"] = number

    return add
