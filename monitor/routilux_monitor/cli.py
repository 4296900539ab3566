"""Here is the command line of `routilux-monitor`."""

import asyncio
import json
import logging
import os
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from routilux.errors import StoreError
from routilux_monitor import binding, server
from routilux_monitor.binding import BindError, Binding
from routilux_monitor.history import History, default_path
from routilux_monitor.security.access import Access
from routilux_monitor.security.origins import OriginError, host_names, origins
from routilux_monitor.security.tokens import TokenError, Tokens

PORT = 20555

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class UsageError(Exception):
    """Options that do not go together; the message says what to do."""


_REASONS = (UsageError, BindError, TokenError, OriginError, StoreError)


@app.command()
def monitor(
    *,
    host: Annotated[str, typer.Option(help="Listen on this address instead of 127.0.0.1 and ::1.")] = "",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = PORT,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Answer to this Host header too, as `name:port`; may be repeated."),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="Answer to pages of this origin, as `https://name:port`; may be repeated."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="The token, on a second line the view token; mode 0600.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate, in PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, in PEM.")] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Allow --host without TLS.")] = False,
    history: Annotated[
        Path | None, typer.Option(help=f"Where jobs are kept; {default_path()} if not given.")
    ] = None,
    no_history: Annotated[bool, typer.Option("--no-history", help="Keep nothing beyond the end.")] = False,
    directory: Annotated[
        Path | None,
        typer.Option(help="Where runtimes have their directories, if not that for temporary files."),
    ] = None,
    announce_fd: Annotated[int | None, typer.Option(hidden=True)] = None,
    watch_fd: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Watch the flows that run on this machine, and answer by REST and WebSocket."""
    logging.basicConfig(level=logging.WARNING, format="routilux-monitor: %(message)s", stream=sys.stderr)
    tell = _announcer(announce_fd)
    try:
        tls = _tls(tls_cert, tls_key)
        scheme = "https" if tls else "http"
        tokens = Tokens.from_settings(token_file, os.environ)
        bound = _bind(host, port, allow_host or [], is_safe=tls is not None or insecure)
        access = Access(
            hosts=bound.hosts(scheme, host_names(allow_host or [])),
            scheme=scheme,
            tokens=tokens,
            allowed_origins=origins(allow_origin or []),
        )
        kept = None if no_history else History(history)
    except _REASONS as error:
        _fail(str(error), tell)
    serving = server.serving(bound, access, tls=tls, history=kept, folder=directory)
    asyncio.run(server.serve(serving, watch_fd, lambda: tell(_news(bound, access))))


def _news(bound: Binding, access: Access) -> dict[str, str]:
    return {
        "url": bound.url(access.scheme),
        "token": access.tokens.debug,
        "view_token": access.tokens.view,
    }


def _announcer(descriptor: int | None) -> Callable[[dict[str, str]], None]:
    """To whoever has started us, as one line of JSON; else to the terminal."""
    if descriptor is None:
        return _print

    def tell(news: dict[str, str]) -> None:
        with os.fdopen(descriptor, "w") as pipe:
            pipe.write(json.dumps(news) + "\n")

    return tell


def _print(news: dict[str, str]) -> None:
    if "error" in news:
        typer.echo(f"routilux-monitor: {news['error']}", err=True)
        return
    # The fragment of a link is not sent anywhere: the page reads it.
    typer.echo(f"routilux-monitor: {news['url']}/#token={news['token']}")
    typer.echo(f"only to look:     {news['url']}/#token={news['view_token']}")


def _fail(why: str, tell: Callable[[dict[str, str]], None]) -> NoReturn:
    tell({"error": why})
    raise typer.Exit(2)


def _bind(host: str, port: int, allow_host: list[str], *, is_safe: bool) -> Binding:
    if not host:
        return binding.loopback(port)
    if binding.is_every_address(host) and not allow_host:
        raise UsageError(
            f"--host {host} is every address of this machine: say with --allow-host NAME:PORT by which name "
            "it will be asked"
        )
    bound = binding.address(host, port)
    if not bound.is_loopback and not is_safe:
        bound.close()
        raise UsageError(
            f"--host {host} can be reached by others: give --tls-cert and --tls-key, or say "
            "--insecure if the network is trusted"
        )
    return bound


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None and key is None:
        return None
    if certificate is None:
        raise UsageError("--tls-key needs --tls-cert")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--tls-cert {certificate}: {error}") from error
    return context


def main() -> None:
    """Run until told to end."""
    app(prog_name="routilux-monitor")
