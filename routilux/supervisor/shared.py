"""Here is `job.data` at the supervisor: the values that a job's routines share, still encoded."""

from routilux.ipc.control import Answer, Ask

MOST = 64 << 20
"""Bytes that the shared data of one job may come to."""


class SharedData:
    """The shared data of one job."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def answer(self, ask: Ask, job_id: str) -> Answer:
        """Do what was asked."""
        values = self.values
        match ask.what:
            case "keys":
                return Answer(ask.number, keys=tuple(values))
            case "get":
                return Answer(ask.number, value=values.get(ask.key))
            case "delete":
                return Answer(ask.number, value=values.pop(ask.key, None) and b"")
            case "set":
                others = sum(len(value) for key, value in values.items() if key != ask.key)
                if others + len(ask.value) > MOST:
                    message = (
                        f"job.data of job {job_id!r} would hold more than {MOST >> 20} MiB: "
                        "send large values as messages"
                    )
                    return Answer(ask.number, refusal=message)
                values[ask.key] = ask.value
                return Answer(ask.number)
            case _:
                return Answer(ask.number, refusal="that is no question about shared data")
