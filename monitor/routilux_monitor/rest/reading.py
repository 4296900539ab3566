"""Here are the routes that read what a job has put out, printed, logged and stored."""

from collections import deque
from dataclasses import replace
from typing import Any

from routilux.commands import LogPage, Logs, ResultPage, Results, SharedDataOf, SharedDataPage
from routilux.ipc import plain
from routilux_monitor.contract import jobs as contract
from routilux_monitor.contract.errors import ApiError
from routilux_monitor.contract.fields import Page
from routilux_monitor.model import JobRecord, LogRecord
from routilux_monitor.monitor import Monitor
from routilux_monitor.rest import find
from routilux_monitor.rest.asking import ask, ask_of_job
from routilux_monitor.rest.jobs import ASKED
from routilux_monitor.routes import Call, NoBody, NoQuery, route
from routilux_monitor.views import jobs as views
from routilux_monitor.views.times import iso

MOST_RESULTS = 1000
"""In one answer."""


async def get_results(monitor: Monitor, call: Call[NoBody, Page]) -> contract.ResultList:
    """What the flow's outputs have emitted and nobody has taken out. Nothing is taken out by asking."""
    record = await find.job(monitor, call.path["job_id"])
    query = call.query
    wanted = Results(record.job_id, query.offset, query.limit)
    page = await ask_of_job(monitor, record, wanted, ResultPage((), 0, is_gone=True))
    made = {
        mid: event.at
        for event in record.trace
        if event.kind == "event_emitted"
        for mid in event.data.get("message_ids", ())
    }
    items, is_cut = [], page.is_gone or query.offset + len(page.items) < page.total
    for item in page.items:
        payload, is_whole = plain.shown(item.encoded, is_large=item.is_large)
        is_cut = is_cut or not is_whole
        message_id = item.message_id.removeprefix(f"{record.job_id}/")  # traces tell it without the job
        at = made.get(message_id)
        when = None if at is None else iso(at)
        items.append(contract.ResultItem(item.routine, item.event, payload, message_id, when))
    return contract.ResultList(items, page.total, is_cut)


async def payloads_of(monitor: Monitor, record: JobRecord) -> list[Any]:
    """The first results of a job, as many as one answer holds."""
    page = await ask(monitor, record.runtime_id, Results(record.job_id, 0, MOST_RESULTS), ResultPage)
    return [plain.shown(item.encoded, is_large=item.is_large)[0] for item in page.items]


async def with_lines(monitor: Monitor, record: JobRecord) -> JobRecord:
    """The job with all that its routines have logged and printed: its runtime knows also what was said before
    we listened, as long as it holds the job.
    """
    try:
        page = await ask(monitor, record.runtime_id, Logs(record.job_id), LogPage)
    except ApiError:
        return record
    if len(page.lines) <= len(record.logs):
        return record
    lines = [
        LogRecord(line["at"], line["routine"], line["replica"], record.job_id, line["level"], line["text"])
        for line in page.lines
    ]
    return replace(record, logs=deque(lines), logs_dropped=page.dropped)


async def get_output(monitor: Monitor, call: Call[NoBody, contract.OutputQuery]) -> contract.Output:
    """What a job's routines have printed."""
    record = await with_lines(monitor, await find.job(monitor, call.path["job_id"]))
    return views.output(record, call.query.offset if call.query.incremental else 0)


async def get_logs(monitor: Monitor, call: Call[NoBody, contract.LogQuery]) -> contract.LogList:
    """What a job's routines have logged and printed, the oldest first."""
    record = await with_lines(monitor, await find.job(monitor, call.path["job_id"]))
    return views.logs(record.logs, call.query)


async def get_data(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.JobData:
    """`job.data` as it stands; there is none once the job has ended.

    What is too large for an answer is shown as `{"$large": <bytes>}`.
    """
    record = await find.job(monitor, call.path["job_id"])
    page = await ask_of_job(monitor, record, SharedDataOf(record.job_id), SharedDataPage({}))
    data = {key: plain.shown(encoded, is_large=True)[0] for key, encoded in page.values.items()}
    data |= {key: {"$large": nbytes} for key, nbytes in page.sizes.items()}
    return contract.JobData(record.job_id, data)


ROUTES = (
    route("GET", "/jobs/{job_id}/results", get_results, "JOB_NOT_FOUND", *ASKED),
    route("GET", "/jobs/{job_id}/output", get_output, "JOB_NOT_FOUND"),
    route("GET", "/jobs/{job_id}/logs", get_logs, "JOB_NOT_FOUND"),
    route("GET", "/jobs/{job_id}/data", get_data, "JOB_NOT_FOUND", *ASKED),
)
