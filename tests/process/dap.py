"""Here is a client of the Debug Adapter Protocol, as an editor has one: requests, answers, events."""

from __future__ import annotations

import json
import select
import socket
from typing import Any, Self

TIMEOUT = 30.0


class HungUp(ConnectionError):
    """The other side has closed the connection."""


class Client:
    """Connected until its `with` ends; every wait has a deadline."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), TIMEOUT)
        self._read = self._socket.makefile("rb")
        self._number = 0
        self._backlog: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._read.close()
        self._socket.close()

    # ---- messages -----------------------------------------------------------------------------------------

    def send(self, command: str, **arguments: Any) -> int:
        self._number += 1
        message = {"seq": self._number, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self._number

    def receive(self) -> dict[str, Any]:
        try:
            size = 0
            while (line := self._read.readline()) != b"\r\n":
                if not line:
                    raise HungUp
                name, _, value = line.partition(b":")
                size = int(value) if name == b"Content-Length" else size
            found: dict[str, Any] = json.loads(self._read.read(size))
        except ConnectionResetError as error:
            raise HungUp from error
        return found

    def answer(self, number: int) -> dict[str, Any]:
        """The body of the answer to that request."""
        message = self._wait_for("request_seq", number)
        assert message["success"], message
        return message.get("body") or {}

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.answer(self.send(command, **arguments))

    def event(self, name: str) -> dict[str, Any]:
        """The next event of that name."""
        return self._wait_for("event", name).get("body") or {}

    def _wait_for(self, key: str, value: object) -> dict[str, Any]:
        """The first message, of those that have come or will, in which it is so."""
        for at, message in enumerate(self._backlog):
            if message.get(key) == value:
                return self._backlog.pop(at)
        while (message := self.receive()).get(key) != value:
            self._backlog.append(message)
        return message

    # ---- what an editor does ------------------------------------------------------------------------------

    def attach(self, *, just_my_code: bool = True) -> None:
        self.ask("initialize", adapterID="debugpy", clientID="test")
        attaching = self.send("attach", justMyCode=just_my_code)
        self.event("initialized")
        self.ask("configurationDone")
        self.answer(attaching)

    def stack(self) -> list[dict[str, Any]]:
        """Once the main thread has stopped, its functions, the innermost first."""
        thread = self.event("stopped")["threadId"]
        assert thread in [each["id"] for each in self.ask("threads")["threads"]]
        found: list[dict[str, Any]] = self.ask("stackTrace", threadId=thread)["stackFrames"]
        return found

    def variables(self, frame: dict[str, Any]) -> dict[str, str]:
        """The locals of a function."""
        found = self.ask("variables", variablesReference=self._locals(frame))["variables"]
        return {each["name"]: each["value"] for each in found}

    def set_local(self, frame: dict[str, Any], name: str, value: str) -> None:
        self.ask("setVariable", variablesReference=self._locals(frame), name=name, value=value)

    def _locals(self, frame: dict[str, Any]) -> int:
        number: int = self.ask("scopes", frameId=frame["id"])["scopes"][0]["variablesReference"]
        return number

    def is_quiet(self, seconds: float) -> bool:
        """Whether nothing comes, not even the end, for so long."""
        return not select.select([self._socket], [], [], seconds)[0]

    def wait_for_hang_up(self) -> None:
        try:
            while True:
                self.receive()
        except HungUp:
            return
