"""Here are the routes of dead letters: messages that were given up."""

from routilux.commands import AboutJob, ActOnLetter, Done, LetterInfo, LetterPage, Letters
from routilux_monitor.contract import jobs as jobs_contract
from routilux_monitor.contract import system as contract
from routilux_monitor.contract.errors import ApiError
from routilux_monitor.monitor import Monitor
from routilux_monitor.rest import find
from routilux_monitor.rest.asking import ask
from routilux_monitor.rest.jobs import ASKED
from routilux_monitor.routes import Call, NoBody, NoQuery, route
from routilux_monitor.views import jobs as jobs_views
from routilux_monitor.views.times import seconds

LARGEST_ID = 2**63 - 1


async def list_letters(monitor: Monitor, call: Call[NoBody, contract.LetterQuery]) -> contract.LetterList:
    """The dead letters of all running runtimes."""
    query = call.query
    shown: list[contract.DeadLetter] = []
    total = 0
    for runtime_id in sorted(r.runtime_id for r in monitor.known.runtimes.values() if not r.is_gone):
        wanted = Letters(
            query.flow_id or None,
            query.job_id or None,
            offset=max(0, query.offset - total),
            limit=query.limit - len(shown),
        )
        page = await ask(monitor, runtime_id, wanted, LetterPage)
        shown += [_letter(runtime_id, letter) for letter in page.letters]
        total += page.total
    return contract.LetterList(shown, total, query.limit, query.offset)


def _letter(runtime_id: str, letter: LetterInfo) -> contract.DeadLetter:
    return contract.DeadLetter(
        id=f"{runtime_id}:{letter.id}",
        runtime_id=runtime_id,
        flow_id=letter.flow_id,
        job_id=letter.job_id,
        routine_id=letter.routine_id,
        slot_name=letter.slot_name,
        connection_id=letter.connection,
        message_id=letter.message_id,
        attempts=letter.attempts,
        reason=letter.reason,
        traceback=letter.traceback,
        created_at=seconds(letter.at),
        preview=letter.preview,
        nbytes=letter.nbytes,
    )


async def show(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.DeadLetter:
    """A dead letter."""
    runtime_id, number = _place(monitor, call.path["letter_id"])
    page = await ask(monitor, runtime_id, Letters(letter_id=number), LetterPage)
    return _letter(runtime_id, page.letters[0])


async def requeue(monitor: Monitor, call: Call[NoBody, NoQuery]) -> jobs_contract.Job:
    """Send a dead letter into its routine again: a new job."""
    runtime_id, number = _place(monitor, call.path["letter_id"])
    answer = await ask(monitor, runtime_id, ActOnLetter(number, "requeue"), AboutJob)
    return jobs_views.job(monitor.known.learn(runtime_id, answer.job))


async def discard(monitor: Monitor, call: Call[NoBody, NoQuery]) -> None:
    """Throw a dead letter away."""
    runtime_id, number = _place(monitor, call.path["letter_id"])
    await ask(monitor, runtime_id, ActOnLetter(number, "discard"), Done)


def _place(monitor: Monitor, letter_id: str) -> tuple[str, int]:
    """The runtime that has a letter, and the letter's number there."""
    runtime_id, _, number = letter_id.rpartition(":")
    if not (number.isascii() and number.isdigit()) or int(number) > LARGEST_ID:
        raise ApiError("LETTER_NOT_FOUND", f"no dead letter has the id {letter_id!r}", letter_id=letter_id)
    if runtime_id not in monitor.known.runtimes:
        raise ApiError(
            "LETTER_NOT_FOUND", f"no runtime has the dead letter {letter_id!r}", letter_id=letter_id
        )
    return find.runtime(monitor, runtime_id).runtime_id, int(number)


ROUTES = (
    route("GET", "/dead-letters", list_letters, *ASKED),
    route("GET", "/dead-letters/{letter_id}", show, "LETTER_NOT_FOUND", *ASKED),
    route("POST", "/dead-letters/{letter_id}/requeue", requeue, "LETTER_NOT_FOUND", *ASKED, status=201),
    route("DELETE", "/dead-letters/{letter_id}", discard, "LETTER_NOT_FOUND", *ASKED, status=204),
)
