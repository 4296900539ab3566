"""Here is the reference at /api/v1/docs: the OpenAPI document as a page that needs no script and no other
host.
"""

from collections.abc import Iterator
from html import escape
from typing import Any

Json = dict[str, Any]


def page(document: Json) -> str:
    """HTML."""
    return "\n".join(_page(document))


def _page(document: Json) -> Iterator[str]:
    info = document["info"]
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<title>{escape(info['title'])}: reference</title>"
    yield '<link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css"></head><body><main>'
    yield f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['summary'])}</p>"
    yield '<p>For programs: <a href="openapi.json">openapi.json</a>. Every request needs a token, as '
    yield "<code>Authorization: Bearer</code> or <code>X-API-Key</code>.</p>"
    yield "<h2>Routes</h2>"
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield from _operation(method, path, operation)
    yield "<h2>Types</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield from _type(name, schema)
    yield "</main></body></html>"


def _operation(method: str, path: str, operation: Json) -> Iterator[str]:
    name = operation["operationId"]
    yield f'<details id="{escape(name)}"><summary><b>{method.upper()}</b> <code>{escape(path)}</code> '
    yield f"{escape(operation['summary'])}</summary>"
    if "description" in operation:
        yield f"<p>{escape(operation['description'])}</p>"
    yield f"<p>Needs the {escape(operation['x-token'])} token.</p>"
    if operation["parameters"]:
        yield "<table><tr><th>parameter</th><th>in</th><th>type</th><th></th></tr>"
        for parameter in operation["parameters"]:
            yield f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(parameter['in'])}</td>"
            yield f"<td>{_kind(parameter['schema'])}</td>"
            yield f"<td>{escape(parameter.get('description', ''))}</td></tr>"
        yield "</table>"
    if "requestBody" in operation:
        yield f"<p>Body: {_content(operation['requestBody'])}</p>"
    yield "<table><tr><th>status</th><th></th><th>answer</th></tr>"
    for status, answer in operation["responses"].items():
        yield f"<tr><td>{escape(status)}</td><td>{escape(answer['description'])}</td>"
        yield f"<td>{_content(answer)}</td></tr>"
    yield "</table></details>"


def _content(holder: Json) -> str:
    return ", ".join(
        f"{_kind(content['schema'])} <small>{escape(media)}</small>"
        for media, content in holder.get("content", {}).items()
    )


def _type(name: str, schema: Json) -> Iterator[str]:
    yield f'<section id="type-{escape(name)}"><h3>{escape(name)}</h3>'
    if "description" in schema:
        yield f"<p>{escape(schema['description'])}</p>"
    required = schema.get("required", ())
    yield "<table><tr><th>field</th><th>type</th><th></th></tr>"
    for field, kind in schema.get("properties", {}).items():
        mark = "" if field in required else "?"
        yield f"<tr><td><code>{escape(field)}</code>{mark}</td><td>{_kind(kind)}</td>"
        yield f"<td>{escape(_note(kind))}</td></tr>"
    yield "</table></section>"


def _note(schema: Json) -> str:
    masked = "Masked for the view token." if schema.get("x-masked-for-view-token") else ""
    return " ".join(part for part in (schema.get("description", ""), masked) if part)


def _kind(schema: Json) -> str:
    """A type, as HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#type-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(option) for option in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_kind(schema['additionalProperties'])}"
    return escape(str(schema.get("format", kind)))
