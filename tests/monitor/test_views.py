"""Here are the facts of the views: what is known, said in the contract's words."""

from dataclasses import replace

import msgspec
import pytest

from monitor import rig
from routilux.debugcommands import Picture, SeenInfo, VariableInfo
from routilux.hookevents import Activated, Committed, ConnectionFigures
from routilux_monitor.contract.fields import MASK
from routilux_monitor.masking import masked
from routilux_monitor.model import RoutineOfJob
from routilux_monitor.trace import Names, Place, of_activation, of_commit
from routilux_monitor.views import debugging, flows, graph, jobs, metrics, states, traces, workers


def test_times_of_jobs_are_whole_unix_seconds() -> None:
    job = jobs.job(rig.job_record())
    assert (job.created_at, job.started_at, job.completed_at) == (1003, 1004, 1010)


@pytest.mark.parametrize("is_settled", [False, True])
def test_a_job_says_whether_more_is_to_come_of_it(*, is_settled: bool) -> None:
    record = replace(rig.job_record(), is_settled=is_settled)
    assert (jobs.job(record).is_settled, jobs.state(record, None).is_settled) == (is_settled, is_settled)


def test_times_of_metrics_and_trace_are_iso_with_zone() -> None:
    record = rig.job_record()
    assert metrics.job_metrics(record).start_time == "1970-01-01T00:16:44.500000+00:00"
    assert traces.trace(record, "", 0, None).events[0].timestamp == "1970-01-01T00:16:44.500000+00:00"


def test_durations_are_seconds_and_percentiles_lie_between_the_extremes() -> None:
    told = metrics.job_metrics(rig.job_record()).routine_metrics["split"]
    assert (told.total_duration, told.avg_duration, told.min_duration, told.max_duration) == (
        0.004,
        0.001,
        0.0005,
        0.002,
    )
    assert told.p50 is not None
    assert told.p99 is not None
    assert 0.0005 <= told.p50 <= told.p99 <= 0.002


def test_a_routine_that_has_not_run_has_no_durations() -> None:
    told = metrics.routine_metrics(RoutineOfJob())
    assert (told.min_duration, told.max_duration, told.p50, told.last_execution) == (None, None, None, None)


def test_a_failed_job_names_its_error() -> None:
    record = rig.job_record(status="failed")
    assert jobs.job(record).error == "ValueError: no"
    assert states.of_job(record, rig.flow_info(), None)["count"].status == "failed"


def test_the_trace_is_paged_and_filtered() -> None:
    record = rig.job_record()
    page = traces.trace(record, "split", 1, 1)
    assert (page.total, [event.event_type for event in page.events]) == (3, ["event_emitted"])


def test_a_policy_that_has_declined_is_in_the_trace() -> None:
    place = Place(Names(rig.flow_info()), 2, 1, 0)
    event = Committed("j", 5, 9, 0, declined=3, reason="one is no pair", waiting=1)
    (told,) = of_commit(place, 1, event)
    assert (told.kind, told.count) == ("policy_evaluated", 3)
    assert told.data == {"activate": False, "reason": "one is no pair", "waiting": 1}


@pytest.mark.parametrize(("reason", "told"), [("all slots ready", 1), ("", 1), (None, 0)])
def test_a_policy_that_has_accepted_is_in_the_trace_once_it_was_asked(reason: str | None, told: int) -> None:
    event = Activated("j", 5, 9, "completed", (), {}, (), reason)
    events = of_activation(Place(Names(rig.flow_info()), 2, 1, 0), 1, event)
    assert [e.data for e in events if e.kind == "policy_evaluated"] == told * [
        {"activate": True, "reason": reason}
    ]
    assert [e.number for e in events] == list(range(1, 3 + told))
    assert {e.activation for e in events} == {events[-1].number}


def test_a_queue_counts_what_lies_in_lanes_and_what_waits_before_the_policy() -> None:
    (queue,) = states.queues(rig.flow_info(), rig.instance())["count"]
    assert (queue.unconsumed_count, queue.total_count, queue.pressure_level) == (5, 10, "high")
    assert (queue.is_near_full, queue.is_full) == (True, False)


def test_pressure_grows_with_what_lies_in_a_lane() -> None:
    assert [states.pressure(usage) for usage in (0.0, 0.6, 0.8, 0.95)] == [
        "low",
        "medium",
        "high",
        "critical",
    ]


def test_a_submission_waits_at_its_entry() -> None:
    instance = rig.instance()
    instance.connections[-1] = ConnectionFigures(-1, 5, 2, 10, 1000)
    (queue,) = states.queues(rig.flow_info(), instance)["split"]
    assert queue.unconsumed_count == 3


def test_without_a_running_instance_queues_are_empty() -> None:
    assert [q.unconsumed_count for qs in states.queues(rig.flow_info(), None).values() for q in qs] == [0, 0]


def test_output_is_what_was_printed_and_not_what_was_logged() -> None:
    record = rig.job_record()
    assert jobs.output(record, 0).output == f"{rig.SECRET}\n"
    assert jobs.output(record, 5).output == f"{rig.SECRET}\n"[5:]


def test_the_policy_has_the_name_that_users_write() -> None:
    info = msgspec.structs.replace(rig.flow_info().routines[0], policy="AllSlotsReady()")
    assert flows.routine_info(info).activation_policy.type == "all_slots_ready"


def test_statistics_have_the_average_under_both_names() -> None:
    told = workers.statistics(rig.instance(), {"completed": 1}, [rig.job_record()], 2000.0)
    assert told.average_job_duration == told.avg_job_duration == 6.0


def test_changes_merged_into_what_was_before_make_what_is_now() -> None:
    before = {"a": 1, "b": {"c": 1, "d": 2}, "e": 5}
    now = {"a": 1, "b": {"c": 3}, "f": {"g": 1}}
    assert graph.changes(before, now) == {"e": None, "b": {"d": None, "c": 3}, "f": {"g": 1}}
    assert graph.changes(now, now) == {}


def test_the_numbers_of_a_graph_name_their_connections_and_processes() -> None:
    told = graph.numbers(rig.flow_info(), rig.instance())
    assert told["connections"]["split.output->count.word"]["depth"] == 4
    assert told["processes"]["1"]["pid"] == 4242
    assert told["routines"]["split"]["rate"] == 12.5


def test_masking_covers_payloads_wherever_they_stand() -> None:
    shown = masked([jobs.job(rig.job_record())])[0]
    assert shown.metadata == {"who": MASK}
    assert rig.SECRET.encode() not in msgspec.json.encode(masked(traces.trace(rig.job_record(), "", 0, None)))


def test_masking_covers_the_numbers_of_a_picture() -> None:
    seen = VariableInfo("wave", "ndarray", "float64 (2,)", "local", 0, (0,), Picture((2,), (1.0, None)))
    told = debugging.variables("job-1", SeenInfo("hold-1", (seen,)))
    (shown,), (covered,) = told.variables, masked(told).variables
    assert shown.picture is not None
    assert (shown.picture.shape, shown.picture.values) == ([2], [1.0, None])
    assert (covered.picture.shape, covered.picture.values) == ([2], MASK)


def test_a_record_without_payloads_keeps_the_way_of_its_messages() -> None:
    shown = traces.without_payloads(rig.job_record())
    assert shown.trace[2].data["message_ids"] == ["2:0:0", "2:0:1"]
    assert rig.SECRET not in str(shown.trace)
