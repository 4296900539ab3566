"""A line to a front desk: any number of questions at a time, each with an answer or an error in time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import zmq.asyncio

from monitor.fakeruntime import FakeRuntime
from monitor.loop import run, until
from routilux.commands import ActOnLetter, Describe, Description, Done, Findings, Refusal, Validate
from routilux.errors import Busy, DeadlineExceeded
from routilux_monitor import line as lines
from routilux_monitor.line import Line, RuntimeGone


def test_each_question_has_its_own_answer(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime, zmq.asyncio.Context() as context:
            runtime.answers[Validate] = Findings(("no",), ())
            async with Line(context, runtime.path, "fake") as line:
                answers = await asyncio.gather(
                    line.ask(Validate("f")), line.ask(Describe()), line.ask(ActOnLetter(1, "discard"))
                )
            assert [type(answer) for answer in answers] == [Findings, Description, Done]

    run(main())


def test_a_refusal_is_an_answer(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime, zmq.asyncio.Context() as context:
            runtime.answers[Validate] = Refusal("FLOW_NOT_FOUND", "there is no flow 'f'")
            async with Line(context, runtime.path, "fake") as line:
                assert await line.ask(Validate("f")) == runtime.answers[Validate]

    run(main())


def test_an_answer_that_does_not_come_ends_at_the_deadline(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime, zmq.asyncio.Context() as context:
            runtime.answers[Validate] = None
            async with Line(context, runtime.path, "fake") as line:
                with pytest.raises(DeadlineExceeded, match="'fake' has not answered Validate"):
                    await line.ask(Validate("f"), 0.1)
                assert isinstance(await line.ask(Describe()), Description)

    run(main())


def test_who_waits_for_a_runtime_that_ends_is_told(folder: Path) -> None:
    async def main() -> None:
        with FakeRuntime() as runtime, zmq.asyncio.Context() as context:
            runtime.answers[Validate] = None
            line = Line(context, runtime.path, "fake")
            asked = asyncio.create_task(line.ask(Validate("f")))
            await until(lambda: runtime.asked)
            await line.close()
            with pytest.raises(RuntimeGone, match="'fake' has ended"):
                await asked
            with pytest.raises(RuntimeGone):
                await line.ask(Describe())

    run(main())


def test_junk_for_an_answer_is_counted(folder: Path) -> None:
    async def main() -> None:
        with zmq.asyncio.Context() as context:
            desk = context.socket(zmq.ROUTER)
            desk.bind(f"ipc://{folder}/desk")
            async with Line(context, folder, "fake") as line:
                asked = asyncio.create_task(line.ask(Describe(), 0.2))
                who, _ = await desk.recv_multipart()
                await desk.send_multipart([who, b"junk"])
                with pytest.raises(DeadlineExceeded):
                    await asked
                await until(lambda: line.malformed == 1)
            desk.close(linger=0)

    run(main())


def test_too_many_open_questions_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_QUESTIONS", 1)

    async def main() -> None:
        with FakeRuntime() as runtime, zmq.asyncio.Context() as context:
            runtime.answers[Validate] = None
            async with Line(context, runtime.path, "fake") as line:
                asked = asyncio.create_task(line.ask(Validate("f")))
                await until(lambda: runtime.asked)
                with pytest.raises(Busy):
                    await line.ask(Describe())
            with pytest.raises(RuntimeGone):
                await asked

    run(main())
