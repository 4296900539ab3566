"""Here is the application: every path, what it needs, and who answers it."""

from aiohttp import WSCloseCode, web

from routilux_monitor import openapi, reference, wire
from routilux_monitor.answers import Rules, always_with, errors, guard, is_upgrade
from routilux_monitor.contract.errors import ApiError, invalid
from routilux_monitor.endpoint import LARGEST_BODY, Answerer, endpoint
from routilux_monitor.files import PageFile, page_files
from routilux_monitor.live.client import Client, socket
from routilux_monitor.monitor import Monitor
from routilux_monitor.prometheus import exposition
from routilux_monitor.rest.table import ROUTES
from routilux_monitor.roles import Role
from routilux_monitor.routes import PREFIXES
from routilux_monitor.security.access import Access, Needs

WEBSOCKETS = frozenset(f"{prefix}{name}" for prefix in PREFIXES for name in ("/websocket", "/ws"))
PUBLIC = frozenset(
    {*(prefix + name for prefix in PREFIXES for name in ("/openapi.json", "/docs")), *page_files()}
)
"""What is the same on every machine: the page and the reference."""


def rules() -> Rules:
    """What each method and path needs."""
    needs = {
        (route.method, prefix + route.path): Needs.DEBUG if route.changes else Needs.VIEW
        for route in ROUTES
        for prefix in PREFIXES
    }
    needs[("GET", "/metrics")] = Needs.VIEW
    return needs | {("GET", path): Needs.NOTHING for path in PUBLIC}


def application(monitor: Monitor, access: Access) -> web.Application:
    """Answers everything; closing it closes its WebSockets."""
    app = web.Application(
        middlewares=[errors, guard(access, rules(), WEBSOCKETS)], client_max_size=LARGEST_BODY
    )
    app.on_response_prepare.append(always_with(access))
    document = openapi.document(ROUTES)
    described, rendered = wire.encode(document), reference.page(document).encode()
    for prefix in PREFIXES:
        for route in ROUTES:
            app.router.add_route(route.method, prefix + route.pattern, endpoint(monitor, route))
            if route.method == "GET":
                app.router.add_head(prefix + route.pattern, endpoint(monitor, route))
        _add_file(app, f"{prefix}/openapi.json", PageFile(described, wire.JSON))
        _add_file(app, f"{prefix}/docs", PageFile(rendered, "text/html"))
    for path in WEBSOCKETS:
        app.router.add_get(path, _websocket(monitor, access), allow_head=False)
    for path, file in page_files().items():
        _add_file(app, path, file)
    app.router.add_get("/metrics", _metrics(monitor))

    async def close(_app: web.Application) -> None:
        await monitor.hub.close()

    app.on_shutdown.append(close)
    return app


def _add_file(app: web.Application, path: str, file: PageFile) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        charset = None if file.kind.startswith("image/") else "utf-8"
        return web.Response(body=file.content, content_type=file.kind, charset=charset)

    app.router.add_get(path, answer)


def _metrics(monitor: Monitor) -> Answerer:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.query:
            raise invalid("/metrics takes no parameters", place="query", pointer="")
        body, content_type = exposition(monitor.known)
        return web.Response(body=body, headers={"Content-Type": content_type})

    return answer


def _websocket(monitor: Monitor, access: Access) -> Answerer:
    async def answer(request: web.Request) -> web.StreamResponse:
        if not is_upgrade(request):
            raise ApiError("UPGRADE_REQUIRED", "this path speaks WebSocket")
        role, why = _judge(request, access)
        websocket = socket()
        await websocket.prepare(request)
        if role is None:
            await websocket.close(code=WSCloseCode.POLICY_VIOLATION, message=why.encode())
        elif monitor.hub.is_full:
            await websocket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"too many clients")
        else:
            await Client(monitor.hub, websocket, role, lambda: _abort(request)).run()
        return websocket

    return answer


def _judge(request: web.Request, access: Access) -> tuple[Role | None, str]:
    try:
        role = access.role(request, is_websocket=True)
        access.check_role(role, Needs.VIEW, "GET")
    except ApiError as error:
        return None, error.message
    return role, ""


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
