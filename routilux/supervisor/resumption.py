"""Here is how a supervisor takes up the jobs that an earlier one has left."""

import msgspec

from routilux import clock
from routilux.clock import Deadline
from routilux.errors import ClosedError, RoutineCrashed
from routilux.ipc.lanes import DEAD, ERROR
from routilux.ipc.layout import Order
from routilux.jobs import JobControl, JobState
from routilux.lifecycle import ExecutionStatus, Happening
from routilux.reports import DeathReport, ErrorRecord
from routilux.supervisor.docket import Docket
from routilux.supervisor.journal import Entry, Journal
from routilux.supervisor.ledger import Account
from routilux.supervisor.merge import Merge


def take_up(docket: Docket, journal: Journal, control: JobControl) -> list[JobState]:
    """Make the jobs of the journal anew, with what they have put out so far, and let them go on."""
    ledger, entries = docket.ledger, journal.entries()
    ledger.go_on_after(entries[-1].number if entries else 0)
    jobs = [job for entry in entries if (job := _take_up_job(docket, journal, control, entry))]
    for slot in range(ledger.slots):
        if slot not in ledger.accounts:
            ledger.clear(slot)  # it was being given to a job, or had just been taken from one
    docket.desk.take_up(docket.is_over)
    docket.desk.commit()
    return jobs


def _take_up_job(docket: Docket, journal: Journal, control: JobControl, entry: Entry) -> JobState | None:
    ledger, slot = docket.ledger, entry.number & 0xFFFF
    has_slot = ledger.number_in(slot) == entry.number
    is_admitted = has_slot and ledger.is_admitted(slot)
    if not (entry.status or is_admitted):
        if has_slot:
            _forget(docket, journal, control, entry)
        return None
    job = JobState(entry.job_id, docket.flow.name, control)
    job.created_at, job.metadata = entry.began_at, entry.metadata
    merge = Merge()
    for letter in journal.letters(entry.number):
        if letter.frame.flags & (ERROR | DEAD):
            for report in letter.reports():
                _note_report(job, report, letter.frame.flags)
        else:
            docket.put(job, merge, letter)
    account = _account(docket, job, entry) if has_slot else None
    if entry.status:
        status = ExecutionStatus(entry.status)
        job.revive(status, entry.began_at, entry.finished_at, entry.error, entry.counters)
        if account is not None:
            ledger.order(account, Order.DROP)
            docket.suspects.add(slot)
        return job
    if account is None:
        return None
    account.merge = merge
    account.data.values = journal.data(entry.number)
    account.is_cut = any(ledger.tally(account).of("cut"))
    status = ExecutionStatus.PAUSED if entry.is_paused else ExecutionStatus.RUNNING
    job.revive(status, entry.began_at, None, None, None)
    ledger.order(account, Order.HOLD if entry.is_paused else Order.RUN)
    docket.suspects.add(slot)
    if account.is_open:
        message = (
            f"job {job.job_id!r} was a stream: what was to come has ended with the process that fed it, and "
            "what had come is lost to whoever read it"
        )
        docket.end(account, Happening.FAIL, ClosedError(message))
    return job


def _account(docket: Docket, job: JobState, entry: Entry) -> Account:
    left = None if entry.deadline_at is None else max(0.0, entry.deadline_at - clock.wall())
    return docket.ledger.take_up(entry.number & 0xFFFF, job, Deadline.after(left), entry.base)


def _note_report(job: JobState, report: bytes, flags: int) -> None:
    if flags & DEAD:
        dead = msgspec.msgpack.decode(report, type=DeathReport)
        message = (
            f"routine {dead.routine!r} died again and again while working on message {dead.message_id} "
            f"of job {job.job_id!r}: the message is in the dead letters"
        )
        job.errors.append(RoutineCrashed(message))
        return
    record = msgspec.msgpack.decode(report, type=ErrorRecord)
    if record.action != "stop":
        job.errors.append(record.as_error(job.job_id))


def _forget(docket: Docket, journal: Journal, control: JobControl, entry: Entry) -> None:
    """It was still being submitted: whoever did that has not been told that it was taken."""
    journal.note("DELETE FROM jobs WHERE number = ?", entry.number)
    job = JobState(entry.job_id, docket.flow.name, control)
    account = _account(docket, job, entry)
    job.revive(ExecutionStatus.CANCELLED, entry.began_at, None, None, None)
    docket.ledger.order(account, Order.DROP)
    if not docket.ledger.is_quiet(account):  # what keeps an unfinished submission from looking quiet
        docket.desk.tx.retire(account.slot, 1)
    docket.suspects.add(account.slot)
