"""The last values of a place are the newest that the traces of the flow's jobs tell."""

from monitor.rig import job_record
from routilux_monitor.contract.flows import ValuesQuery
from routilux_monitor.model import JobRecord, TraceEvent
from routilux_monitor.views.values import JOBS, MOST, values

CONNECTION = "split.output->count.word"


def job(name: str, created_at: float, previews: list[str], connection: str = CONNECTION) -> JobRecord:
    record = job_record(name)
    record.created_at = created_at
    record.trace.clear()
    record.trace.extend(
        TraceEvent(
            number, name, "split", 1, "event_emitted", created_at + number, activation=100 + number,
            data={
                "event_name": "output", "connection_id": connection, "preview": preview,
                "message_ids": [f"1:{number}:0"],
            },
        )
        for number, preview in enumerate(previews)
    )  # fmt: skip
    return record


def previews(jobs: list[JobRecord], wanted: ValuesQuery) -> list[str]:
    return [value.preview for value in values(jobs, wanted).values]


def test_the_newest_come_first_and_are_few() -> None:
    jobs = [job("old", 10.0, ["a"]), job("new", 20.0, list("bcdefgh"))]
    assert previews(jobs, ValuesQuery(connection_id=CONNECTION)) == list("hgfed")
    assert len("hgfed") == MOST


def test_another_connection_of_the_event_has_values_of_its_own() -> None:
    jobs = [job("j", 10.0, ["a"]), job("k", 20.0, ["b"], "split.output->other.x")]
    assert previews(jobs, ValuesQuery(connection_id=CONNECTION)) == ["a"]
    assert previews(jobs, ValuesQuery(routine_id="split", event_name="output")) == ["b", "a"]


def test_an_event_with_two_connections_is_told_once() -> None:
    record = job("j", 10.0, ["a"])
    record.trace.append(job("j", 10.0, ["a"], "split.output->other.x").trace[0])
    assert previews([record], ValuesQuery(routine_id="split", event_name="output")) == ["a"]


def test_a_slot_has_what_was_taken_out_of_it() -> None:
    wanted = ValuesQuery(routine_id="split", slot_name="text")
    (value,) = values([job_record()], wanted).values
    assert (value.job_id, value.message_id) == ("job-1", "1:0:0")


def test_what_was_not_shown_is_no_value() -> None:
    assert previews([job("j", 10.0, ["", ""])], ValuesQuery(connection_id=CONNECTION)) == []


def test_only_the_newest_jobs_are_looked_at() -> None:
    jobs = [job("old", 1.0, ["a"]), *(job(f"j{n}", 10.0 + n, []) for n in range(JOBS))]
    assert previews(jobs, ValuesQuery(connection_id=CONNECTION)) == []
