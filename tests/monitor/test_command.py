"""Here are the facts of `routilux-monitor` as a process."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from monitor import rig
from routilux_monitor.live.hub import Hub
from routilux_monitor.monitor import Monitor
from routilux_monitor.server import serve
from routilux_monitor.waits import Waits

COMMAND = [sys.executable, "-m", "routilux_monitor", "--no-history"]
TOKEN, VIEW = "a-token-for-tests-1", "a-token-for-tests-2"


@dataclass
class Started:
    process: "subprocess.Popen[str]"
    said: dict[str, str]
    watched: int
    """Our end of the pipe; -1 once it is closed."""

    def leave(self) -> None:
        """Close our end of the pipe. Idempotent."""
        if self.watched >= 0:
            os.close(self.watched)
        self.watched = -1

    def get(self, path: str, token: str) -> int:
        request = Request(self.said["url"] + path, headers={"X-API-Key": token})
        with urlopen(request, timeout=10) as answer:
            return int(answer.status)

    def end(self) -> str:
        """Wait for its end; what it has said on the way."""
        _, errors = self.process.communicate(timeout=30)
        return errors


@contextmanager
def _started(options: Sequence[str] = ("--port", "0"), **environment: str) -> Iterator[Started]:
    """Inside, a monitor runs that tells us by one pipe and watches another."""
    readable, announce = os.pipe()
    watch, watched = os.pipe()
    process = subprocess.Popen(
        [*COMMAND, *options, "--announce-fd", str(announce), "--watch-fd", str(watch)],
        pass_fds=(announce, watch),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    os.close(announce)
    os.close(watch)
    started = Started(process, {}, watched)
    try:
        with os.fdopen(readable) as pipe:
            started.said = json.loads(pipe.readline())
        yield started
    finally:
        process.kill()
        process.communicate()
        started.leave()


def _refused(*options: str, **environment: str) -> str:
    """What it says on its error output when it does not start."""
    done = subprocess.run(
        [*COMMAND, *options],
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ | environment,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("routilux-monitor: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_without_a_word(number: signal.Signals) -> None:
    with _started() as monitor:
        assert monitor.get("/api/v1/health/live", monitor.said["token"]) == 200
        monitor.process.send_signal(number)
        assert monitor.end() == ""
        assert monitor.process.returncode == 0


def test_a_signal_ends_it_whoever_is_connected() -> None:
    with _started() as monitor:
        address = urlsplit(monitor.said["url"])
        assert address.port is not None
        with closing(HTTPConnection(address.hostname or "", address.port, timeout=30)) as page:
            page.request("GET", "/api/v1/websocket", headers=_upgrade(monitor.said["token"]))
            assert page.getresponse().status == 101
            with socket.create_connection((address.hostname, address.port)):  # says nothing
                monitor.process.send_signal(signal.SIGINT)
                assert monitor.end() == ""
        assert monitor.process.returncode == 0


def _upgrade(token: str) -> dict[str, str]:
    """What asks for a WebSocket."""
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": b64encode(bytes(16)).decode(),
        "X-API-Key": token,
    }


def test_it_ends_when_the_pipe_that_it_watches_does() -> None:
    with _started() as monitor:
        monitor.leave()
        assert monitor.end() == ""
        assert monitor.process.returncode == 0


def test_tokens_come_from_the_environment() -> None:
    with _started(ROUTILUX_TOKEN=TOKEN, ROUTILUX_VIEW_TOKEN=VIEW) as monitor:
        assert (monitor.said["token"], monitor.said["view_token"]) == (TOKEN, VIEW)
        assert monitor.get("/api/v1/jobs", VIEW) == 200


def test_tokens_come_from_a_file_that_nobody_else_can_read(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n{VIEW}\n")
    file.chmod(0o600)
    with _started(("--port", "0", "--token-file", str(file))) as monitor:
        assert (monitor.said["token"], monitor.said["view_token"]) == (TOKEN, VIEW)
    file.chmod(0o644)
    assert f"chmod 600 {file}" in _refused("--port", "0", "--token-file", str(file))


def test_the_link_is_printed_once_with_the_token_in_its_fragment() -> None:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert "/#token=" in first
    assert first.split("#token=")[1].strip() not in rest
    assert errors == ""


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} of 127.0.0.1 is in use" in _refused("--port", str(port))


def test_a_failure_to_start_is_announced() -> None:
    with _started(("--port", "70000")) as monitor:
        assert "no port 70000" in monitor.said["error"]


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--host", "0.0.0.0"), "--allow-host"),
        (("--host", "no.such.host.invalid"), "no such address"),
        (("--allow-origin", "*"), "--allow-origin *"),
        (("--allow-origin", "null"), "--allow-origin null"),
        (("--allow-origin", "https://a.example/path"), "https://a.example/path"),
        (("--allow-host", "a/b"), "--allow-host a/b"),
        (("--tls-key", "key.pem"), "--tls-cert"),
        (("--tls-cert", "no.pem"), "no.pem"),
        (("--token-file", "no-such-file"), "no-such-file"),
        (("--host", "0.0.0.0", "--allow-host", "a:1"), "--insecure"),
    ],
)
def test_options_that_do_not_go_together_are_refused_with_what_to_do(
    options: tuple[str, ...], hint: str
) -> None:
    assert hint in _refused("--port", "0", *options)


def test_a_short_token_is_refused() -> None:
    assert "16 to 512" in _refused("--port", "0", ROUTILUX_TOKEN="short")


def test_a_name_that_was_allowed_is_answered_to() -> None:
    with _started(
        ("--port", "0", "--host", "0.0.0.0", "--insecure", "--allow-host", "my.host:80")
    ) as monitor:
        port = monitor.said["url"].rpartition(":")[2]
        with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: my.host:80\r\nConnection: close\r\n\r\n")
            assert connection.recv(64).startswith(b"HTTP/1.1 200")


def test_a_signal_that_comes_as_soon_as_the_link_is_told_ends_it() -> None:
    async def main() -> None:
        known = rig.MadeUp()
        serving = nullcontext(Monitor(known, Hub(known), Waits(known)))
        async with asyncio.timeout(10):
            await serve(serving, None, lambda: signal.raise_signal(signal.SIGTERM))

    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        asyncio.run(main())
    finally:
        signal.signal(signal.SIGTERM, before)
