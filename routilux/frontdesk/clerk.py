"""Here is the clerk: how each request of a monitor is answered."""

from collections import deque

from routilux.commands import (
    AboutFlow,
    AboutJob,
    Act,
    ActOnFlow,
    ActOnLetter,
    Answer,
    AskMonitor,
    Describe,
    Description,
    Done,
    Findings,
    FlowInfo,
    ForgetFlow,
    Introduction,
    JobInfo,
    LetterInfo,
    LetterPage,
    Letters,
    LogPage,
    Logs,
    MonitorInfo,
    Request,
    ResultItem,
    ResultPage,
    Results,
    SharedDataOf,
    SharedDataPage,
    StartFlow,
    Submit,
    Validate,
)
from routilux.deadletters import DeadLetter
from routilux.engine import Running
from routilux.errors import RoutiluxError
from routilux.flow import Flow
from routilux.frontdesk.debugdesk import DebugDesk
from routilux.frontdesk.describe import Catalogue, ended_info, job_info
from routilux.frontdesk.entry import seeds_of
from routilux.frontdesk.house import House
from routilux.frontdesk.refused import Refused
from routilux.joblist import REMEMBERED, Ended
from routilux.jobs import JobState
from routilux.registry import FlowRegistry

PATIENCE = 0.2
"""Seconds that a submission waits for a place."""
MOST_JOBS = 5000
"""Of a description, the newest; and those under way first."""
MOST_ITEMS = 1000
"""Of one page."""
MOST_BYTES = 4 << 20
"""Payloads of one page, after each was cut."""
MOST_OF_ONE = 64 << 10
"""Bytes of one payload."""
MOST_HELD = 256 << 20
"""Bytes of outputs that wait in jobs which nobody but the front desk holds."""


class Clerk:
    """Used by the front desk's thread alone."""

    def __init__(self, house: House, introduction: Introduction) -> None:
        self._house = house
        self._introduction = introduction
        self._catalogue = Catalogue()
        self._debugging = DebugDesk(house, self._flow, self._job)
        self._held: deque[JobState] = deque(maxlen=REMEMBERED)
        """The jobs that were begun here: nobody else may hold them, and their outputs."""

    def answer(self, request: Request) -> Answer:  # noqa: C901, PLR0911, PLR0912 - one line for each request
        """Do what was asked. Raises Refused, or whatever else stands in the way."""
        match request:
            case Describe() | AskMonitor():
                return self._introduce(request)
            case Submit():
                return self._submit(request)
            case Act():
                return self._act(request)
            case Results():
                return self._results(request)
            case Logs():
                return self._logs(request)
            case SharedDataOf():
                return self._shared_data(request)
            case StartFlow():
                return self._start_flow(request)
            case ActOnFlow():
                return self._act_on_flow(request)
            case ForgetFlow():
                return self._forget_flow(request)
            case Validate():
                return self._validate(request)
            case Letters():
                return self._letters(request)
            case ActOnLetter():
                return self._act_on_letter(request)
            case _:
                return self._debugging.answer(request)

    # ---- what there is ------------------------------------------------------------------------------------

    def _introduce(self, request: Describe | AskMonitor) -> Description | MonitorInfo:
        if isinstance(request, AskMonitor):
            return MonitorInfo(self._house.monitor_link())
        return self._describe()

    def _describe(self) -> Description:
        running = self._running()
        flows = self._flows()
        active, ended = self._house.admission.jobs.active(), self._house.admission.jobs.ended()
        newest = active[-MOST_JOBS:]
        room = MOST_JOBS - len(newest)
        remembered = ended[-room:] if room else []
        return Description(
            self._introduction,
            tuple(self._catalogue.info(flow, running.get(flow)) for flow in flows.values()),
            (*map(self._ended_info, remembered), *map(self._job_info, newest)),
            is_shutdown=self._house.admission.is_closed,
            omitted=len(active) + len(ended) - len(newest) - len(remembered),
        )

    def _running(self) -> dict[Flow, Running]:
        return {running.flow: running for running in self._house.engine.running()}

    def _flows(self) -> dict[str, Flow]:
        return self._catalogue.see(self._house.admission.flows())

    def _flow(self, flow_id: str) -> Flow:
        found = self._flows().get(flow_id) or FlowRegistry.get_instance().list_all().get(flow_id)
        if found is None or self._house.admission.is_forgotten(found):
            raise Refused("FLOW_NOT_FOUND", f"this runtime knows no flow {flow_id!r}")
        return found

    def _flow_info(self, flow: Flow) -> FlowInfo:
        return self._catalogue.info(flow, self._running().get(flow))

    def _job_info(self, job: JobState) -> JobInfo:
        return job_info(job, self._catalogue.flow_id(job.control.flow))

    def _ended_info(self, ended: Ended) -> JobInfo:
        flow = ended.flow()
        return ended_info(ended, ended.flow_name if flow is None else self._catalogue.flow_id(flow))

    def _job(self, job_id: str) -> JobState | Ended:
        found = self._house.admission.jobs.find(job_id)
        if found is None:
            raise Refused("JOB_NOT_FOUND", f"this runtime knows no job {job_id!r} (any more)")
        return found

    def _held_job(self, job_id: str) -> JobState | None:
        """The job itself; None if it has ended and nobody holds it."""
        found = self._job(job_id)
        return found.job() if isinstance(found, Ended) else found

    # ---- jobs ---------------------------------------------------------------------------------------------

    def _submit(self, request: Submit) -> AboutJob:
        flow = self._flow(request.flow_id)
        self._house.admission.open(flow)
        wanted = [self._debugging.wanted(flow, fields) for fields in request.breakpoints]
        job = self._house.admission.submit(
            flow,
            seeds_of(flow, request.flow_id, request),
            job_id=request.job_id,
            timeout=request.timeout,
            paused=request.start_paused,
            metadata=request.metadata,
            trace=request.trace,
            breakpoints=wanted,
            patience=PATIENCE,
        )
        return self._begun(job)

    def _begun(self, job: JobState) -> AboutJob:
        self._held.append(job)
        while sum(held.spooled for held in self._held if held.ended) > MOST_HELD:
            self._held.remove(next(held for held in self._held if held.ended))
        return AboutJob(self._job_info(job))

    def _act(self, request: Act) -> AboutJob:
        job = self._job(request.job_id)
        if isinstance(job, Ended):
            message = f"job {request.job_id!r} has ended ({job.status}): there is nothing to {request.action}"
            raise Refused("JOB_ALREADY_COMPLETED", message, {"status": job.status})
        match request.action:
            case "pause":
                job.pause()
            case "resume":
                job.resume()
            case "cancel":
                job.cancel()
            case "trace" | "untrace":
                job.trace(is_on=request.action == "trace")
            case _:
                raise _no_action(request.action, "pause, resume, cancel, trace, untrace")
        return AboutJob(self._job_info(job))

    def _results(self, request: Results) -> ResultPage:
        offset, limit = _page(request.offset, request.limit)
        job = self._held_job(request.job_id)
        if job is None:
            return ResultPage((), 0, is_gone=True)
        items: list[ResultItem] = []
        nbytes = 0
        for source, index, part, whole in job.peek(offset, limit, MOST_OF_ONE):
            nbytes += len(part)
            if items and nbytes > MOST_BYTES:
                break
            message_id = f"{job.job_id}/{source.place}:{index}"
            items.append(ResultItem(source.routine, source.event, message_id, part, source.is_large, whole))
        return ResultPage(tuple(items), job.outputs_waiting)

    def _logs(self, request: Logs) -> LogPage:
        _, limit = _page(0, request.limit)
        job = self._held_job(request.job_id)
        if job is None:
            return LogPage((), 0)
        lines = job.log.entries()  # those that have arrived: to wait for more would hold up the next in line
        return LogPage(tuple(line._asdict() for line in lines[-limit:]), job.log.dropped)

    def _shared_data(self, request: SharedDataOf) -> SharedDataPage:
        job = self._job(request.job_id)
        values = {} if isinstance(job, Ended) else job.control.shared_data(job)
        shown: dict[str, bytes] = {}
        nbytes = 0
        for key, value in values.items():
            nbytes += len(value)
            if len(value) > MOST_OF_ONE or nbytes > MOST_BYTES:
                break
            shown[key] = value
        sizes = {key: len(value) for key, value in values.items() if key not in shown}
        return SharedDataPage(shown, dict(list(sizes.items())[:MOST_ITEMS]))

    # ---- flows --------------------------------------------------------------------------------------------

    def _start_flow(self, request: StartFlow) -> AboutFlow:
        flow = self._house.admission.open(self._flow(request.flow_id))
        self._house.engine.start(flow)
        return AboutFlow(self._flow_info(flow))

    def _act_on_flow(self, request: ActOnFlow) -> AboutFlow:
        flow = next((f for f, r in self._running().items() if r.worker_id == request.worker_id), None)
        if flow is None:
            raise Refused("WORKER_NOT_FOUND", f"no flow runs here as {request.worker_id!r}")
        jobs = [
            job for job in self._house.admission.jobs.active() if job.control.worker_id == request.worker_id
        ]
        match request.action:
            case "pause":
                for job in jobs:
                    job.pause()
            case "resume":
                for job in jobs:
                    job.resume()
            case "stop":
                self._house.engine.begin_stop(flow)
            case _:
                raise _no_action(request.action, "pause, resume, stop")
        return AboutFlow(self._flow_info(flow))

    def _forget_flow(self, request: ForgetFlow) -> Done:
        flow = self._flow(request.flow_id)
        self._house.admission.forget(flow)
        self._house.engine.begin_stop(flow)
        return Done()

    def _validate(self, request: Validate) -> Findings:
        faults = self._flow(request.flow_id).validate()
        by = {
            severity: [str(f) for f in faults if f.severity == severity] for severity in ("error", "warning")
        }
        return Findings(tuple(by["error"]), tuple(by["warning"]))

    # ---- dead letters -------------------------------------------------------------------------------------

    def _letters(self, request: Letters) -> LetterPage:
        if request.letter_id is not None:
            return LetterPage((_letter_info(self._letter(request.letter_id)),), 1)
        offset, limit = _page(request.offset, request.limit)
        flow = None if request.flow_id is None else self._flows().get(request.flow_id)
        name = request.flow_id if flow is None else flow.name
        store, named = self._house.dead_letters, {"flow": name, "job_id": request.job_id}
        letters = store.all(**named, limit=limit, offset=offset)
        return LetterPage(tuple(map(_letter_info, letters)), store.count(**named))

    def _letter(self, letter_id: int) -> DeadLetter:
        try:
            return self._house.dead_letters.get(letter_id)
        except RoutiluxError as error:
            raise Refused("LETTER_NOT_FOUND", str(error)) from error

    def _requeued(self, letter: DeadLetter) -> JobState:
        try:
            return self._house.admission.requeue(letter, None, None, PATIENCE)
        except RoutiluxError as error:
            if type(error) is RoutiluxError:  # it is on its way, or is no more
                raise Refused("VALIDATION_ERROR", str(error)) from error
            raise

    def _act_on_letter(self, request: ActOnLetter) -> Answer:
        letter = self._letter(request.letter_id)
        match request.action:
            case "requeue":
                return self._begun(self._requeued(letter))
            case "discard":
                letter.discard()
                return Done()
            case _:
                raise _no_action(request.action, "requeue, discard")


def _page(offset: int, limit: int) -> tuple[int, int]:
    if offset < 0 or not 0 < limit <= MOST_ITEMS:
        raise Refused(
            "VALIDATION_ERROR", f"offset={offset}, limit={limit}: from 0 on, and 1 to {MOST_ITEMS} at a time"
        )
    return offset, limit


def _no_action(action: str, known: str) -> Refused:
    return Refused("VALIDATION_ERROR", f"there is no action {action!r}: choose one of {known}")


def _letter_info(letter: DeadLetter) -> LetterInfo:
    return LetterInfo(
        letter.id,
        letter.flow,
        letter.job_id,
        letter.routine,
        letter.slot,
        letter.connection,
        letter.message_id,
        letter.attempts,
        letter.reason,
        letter.traceback,
        letter.at,
        letter.preview,
        letter.nbytes,
    )
