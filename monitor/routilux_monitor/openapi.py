"""Here is the OpenAPI document, made of the table of routes and the types they name.

`python -m routilux_monitor.openapi > monitor/openapi.json` writes the one that clients are generated from.
"""

import sys
from collections import defaultdict
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from routilux_monitor.contract.errors import STATUS, ErrorAnswer
from routilux_monitor.rest.table import ROUTES
from routilux_monitor.routes import PREFIXES, File, NoQuery, Route
from routilux_monitor.version import VERSION

Json = dict[str, Any]
_REF = "#/components/schemas/{name}"
_ERROR = {"$ref": _REF.format(name="ErrorAnswer")}

ANY = (
    "MALFORMED_REQUEST",
    "UNAUTHORIZED",
    "FORBIDDEN",
    "MISDIRECTED_REQUEST",
    "VALIDATION_ERROR",
    "TOO_MANY_FAILURES",
)
"""What any route may answer."""
CHANGING = ("BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE")
"""What those may answer that take a body."""


def document(routes: Sequence[Route]) -> Json:
    """OpenAPI 3.1."""
    bodies = [route.body for route in routes if route.changes]
    answers = [_answer_type(route) for route in routes]
    schemas, components = msgspec.json.schema_components([*answers, *bodies, ErrorAnswer], ref_template=_REF)
    paths: defaultdict[str, Json] = defaultdict(dict)
    for route, schema in zip(routes, schemas, strict=False):
        paths[PREFIXES[0] + route.path][route.method.lower()] = _operation(route, schema)
    paths["/metrics"]["get"] = _prometheus()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Routilux monitor",
            "version": VERSION,
            "summary": "What running flows do, and how to act on them.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"key": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _answer_type(route: Route) -> Any:
    return dict[str, Any] if route.answer is File else route.answer


def _operation(route: Route, schema: Json) -> Json:
    first, _, rest = route.doc.partition("\n\n")
    operation: Json = {
        "operationId": f"{route.handler.__module__.rpartition('.')[2]}_{route.handler.__name__}",
        "summary": " ".join(first.split()),
        "tags": [route.tag],
        "x-token": "debug" if route.changes else "view",
        "parameters": [*map(_path_parameter, route.parameters), *_query_parameters(route)],
        "responses": {str(route.status): _good(route, schema), **_errors(route)},
    }
    if rest:
        operation["description"] = " ".join(rest.split())
    if route.changes:
        ref = {"$ref": _REF.format(name=route.body.__name__)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": ref}}}
    return operation


def _path_parameter(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(route: Route) -> list[Json]:
    if route.query is NoQuery:
        return []
    _, components = msgspec.json.schema_components([route.query], ref_template=_REF)
    properties: Json = components[route.query.__name__]["properties"]
    return [_query_parameter(name, schema) for name, schema in properties.items()]


def _query_parameter(name: str, schema: Json) -> Json:
    # A query has no null: what may be None may be left out.
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    shown = dict(options[0]) if options else {k: v for k, v in schema.items() if k != "description"}
    parameter: Json = {"name": name, "in": "query", "required": False, "schema": shown}
    if "description" in schema:
        parameter["description"] = schema["description"]
    return parameter


def _good(route: Route, schema: Json) -> Json:
    answer: Json = {"description": HTTPStatus(route.status).phrase}
    if route.status != HTTPStatus.NO_CONTENT:
        answer["content"] = {"application/json": {"schema": schema}}
    return answer


def _errors(route: Route) -> Json:
    codes: defaultdict[int, list[str]] = defaultdict(list)
    for code in sorted({*ANY, *route.errors, *(CHANGING if route.changes else ())}):
        codes[STATUS[code]].append(code)
    return {
        str(status): {"description": ", ".join(names), "content": {"application/json": {"schema": _ERROR}}}
        for status, names in sorted(codes.items())
    }


def _prometheus() -> Json:
    return {
        "operationId": "prometheus",
        "summary": "All figures as text for Prometheus.",
        "tags": ["metrics"],
        "x-token": "view",
        "parameters": [],
        "responses": {
            "200": {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}},
            **{
                str(STATUS[code]): {"description": code, "content": {"application/json": {"schema": _ERROR}}}
                for code in ANY
            },
        },
    }


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document(ROUTES)), indent=2) + b"\n")
