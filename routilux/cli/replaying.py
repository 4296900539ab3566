"""Here is `routilux replay`: a recorded or traced message or a dead letter, sent into its routine again."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from routilux.cli import arguments, progress, results
from routilux.cli.answers import answering, complain
from routilux.cli.attendance import Drain, attend
from routilux.cli.debugging import find_job
from routilux.cli.listing import write_lines
from routilux.cli.monitors import MonitorLink
from routilux.cli.target import load
from routilux.cli.tracing import Traced
from routilux.cli.wire import Wire
from routilux.commands import Done
from routilux.deadletters import DeadLetters
from routilux.debug import recordings
from routilux.debug.recordings import End
from routilux.debugcommands import Inject
from routilux.errors import DeadlineExceeded, JobFailed, RecordingError, RoutiluxError, RoutineCrashed
from routilux.jobs import Output
from routilux.replay import Emission, Message, Scratch, of_letter, recorded
from routilux.runtime import Runtime

UNTRIED = 125
"""The exit code if the routine could not be run at all: `git bisect run` passes such a commit over."""
STORE = b"SQLite format 3\0"
"""How a store of dead letters begins."""


def replay(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE[:N] | MESSAGE",
            help="A recording, or a store of dead letters; message number N from 1, or letter N. "
            "With --trace, the id of a message.",
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Argument(help="The flow that has the routine, as `routilux run` takes it.", show_default=False),
    ] = None,
    *,
    trace: Annotated[
        str | None,
        typer.Option(
            metavar="JOB",
            help="Take the MESSAGE from the trace of this job; without one, list those that can be replayed.",
        ),
    ] = None,
    monitor: MonitorLink = None,
    job: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Send it into this job, which is under way, in place of TARGET."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Save it as a recording, in place of TARGET."),
    ] = None,
    routine: Annotated[str, typer.Option(metavar="NAME", help="Run this routine instead.")] = "",
    slot: Annotated[str, typer.Option(metavar="NAME", help="Put it into this slot instead.")] = "",
    payload: Annotated[
        list[str] | None,
        typer.Option("--payload", "-p", metavar="SLOT=VALUE", help="For another slot of the routine."),
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Decode pickles, which run code: only of files of your own.")
    ] = False,
    inline: Annotated[
        bool, typer.Option("--inline", help="Run it in this process, where breakpoint() stops.")
    ] = False,
    timeout: Annotated[
        float | None, typer.Option(min=0.0, metavar="SECONDS", help="Fail if it has not ended by then.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object per message and line.")] = False,
) -> None:
    """Run a routine on a message alone, in a process of its own, and show what it emits or how it fails.

    Without N, on all messages of the file, one after the other. With --job, the
    message is put into that job as if it had come again. A job's trace has the
    messages of up to 4 KiB, if somebody wanted to see the job as a whole.

    Exit code: 0 if nothing failed, 1 if the routine failed on a message, 125 if
    it could not be run (as `git bisect run` wants it), 2 for wrong options, 130
    after Ctrl-C, which ends it at once.
    """
    others, interrupts = arguments.payloads(payload or ()), context.obj
    _check(source, trace, [target, job, out], is_for_target=bool(others) or inline)

    def find() -> list[Message]:
        if trace is None:
            return _messages(source or "", trust=trust)
        return [Traced.find(trace, monitor).message(source or "", trust=trust)]

    def run() -> bool:
        messages, flow = find(), load(target or "")
        runtime = Runtime(engine="inline" if inline else "local")
        scratch = Scratch(runtime, flow, is_apart=not inline)

        def work() -> bool:
            """Whether all went well."""
            is_well = True
            for message in messages:
                outcome = _outcome(scratch, message, others, routine=routine, slot=slot, timeout=timeout)
                if interrupts.seen:  # it has cut the message short
                    break
                _show(message, *outcome, as_json=as_json)
                is_well = is_well and outcome[1] is None
            return is_well

        return attend(interrupts, [runtime], work, progress.Quiet(), Drain(is_of_use=False))

    def act() -> bool:
        if trace is not None and source is None:
            Traced.find(trace, monitor).list_messages(as_json=as_json)
        elif job is not None:
            _send(find(), job, routine, slot)
        elif out is not None:
            _save(find(), out)
        else:
            return run()
        return True

    is_well = answering(act, interrupts, failure=UNTRIED)
    raise typer.Exit(interrupts.exit_code or int(not is_well))


def _check(source: str | None, trace: str | None, wanted: list[Any], *, is_for_target: bool) -> None:
    """`wanted` are the target, and what may be given in place of it."""
    chosen = [each for each in wanted if each is not None]
    if source is None:
        if trace is None or chosen or is_for_target:
            raise typer.BadParameter("give a FILE, or --trace JOB and a MESSAGE; without one, it lists them")
    elif len(chosen) != 1:
        raise typer.BadParameter(
            "give a TARGET, to run the routine alone, or --job, to send it there, or --out, to save it"
        )
    elif is_for_target and wanted[0] is None:
        raise typer.BadParameter("--payload and --inline go with a TARGET")


def _messages(source: str, *, trust: bool) -> list[Message]:
    """Those that FILE or FILE:N names. Raises RecordingError."""
    path, number = Path(source), ""
    head, _, tail = source.rpartition(":")
    if head and not path.exists() and tail.isascii() and tail.isdigit():
        path, number = Path(head), tail
    if path.is_file() and _begins(path, STORE):
        letters = DeadLetters(path)
        found = [letters.get(int(number))] if number else letters.all()
        return [of_letter(letter, trust=trust) for letter in found]
    messages = recorded(path, trust=trust)
    if not number:
        return messages
    if not 1 <= int(number) <= len(messages):
        raise RecordingError(f"{str(path)!r} has no message {number}: it has {len(messages):,}, from 1 on")
    return [messages[int(number) - 1]]


def _begins(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(start)) == start


def _save(messages: list[Message], out: Path) -> None:
    """As a recording."""
    recordings.write(out, [message.record for message in messages], End(len(messages), reason="count"))
    print(f"saved {progress.counted(len(messages), 'message')} in {out}")


def _send(messages: list[Message], job_id: str, routine: str, slot: str) -> None:
    """Into a job that is under way."""
    directory, job, _ = find_job(job_id)
    wire = Wire(directory, job.job_id)
    for message in messages:
        into = routine or message.routine, slot or message.slot
        if not all(into):
            raise RecordingError(
                f"message {message.name!r} was for no slot of its own: name it by --routine and --slot"
            )
        if not message.trust:
            _ = message.payload  # whoever decodes it there would trust it
        record = message.record
        request = Inject(job.job_id, *into, encoded=record.payload, is_typed=record.is_typed)
        wire.ask(request, Done)
        print(f"{message.name} was sent to {'.'.join(into)} of job {job.job_id!r}", flush=True)


def _outcome(
    scratch: Scratch, message: Message, others: Mapping[str, Any], **options: Any
) -> tuple[list[Emission], RoutiluxError | None]:
    """What the routine has emitted, or how it has failed."""
    try:
        return scratch.run(message, others, **options), None
    except (JobFailed, RoutineCrashed, DeadlineExceeded) as error:
        return [], error


def _show(message: Message, emissions: list[Emission], error: RoutiluxError | None, *, as_json: bool) -> None:
    if as_json:
        told = [msgspec.Raw(results.result(_output(message, each))) for each in emissions]
        record = None if error is None else results.error_record(error)
        write_lines([{"message": message.name, "emissions": told, "error": record}])
        return
    print(f"{message.name}: {message.preview}", flush=True)
    if error is not None:
        complain(error)
    elif not emissions:
        print("nothing was emitted")
    results.show(_output(message, each) for each in emissions)
    sys.stdout.flush()


def _output(message: Message, emission: Emission) -> Output:
    return Output(message.routine or "replay", emission.event, emission.payload, "")
