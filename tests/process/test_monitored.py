"""What monitors show of a runtime: all of them the same, and no less than they have heard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import quote

import pytest

from process.beside import ask, get, until
from process.flows.stages import double
from routilux import Flow, FlowError, Runtime, monitoring
from routilux.monitoring import Monitor

pytestmark = [pytest.mark.one_python, pytest.mark.usefixtures("own_files")]

TIMEOUT = 30.0


@contextmanager
def monitor(*options: str) -> Iterator[str]:
    """The link of a monitor that was started apart."""
    made = Monitor(monitoring.Wish(0, options))
    try:
        yield made.link
    finally:
        made.close()


def flows(link: str) -> list[str]:
    return [flow["flow_id"] for flow in get(link, "/flows")["flows"]]


# ---- flows that are deleted -------------------------------------------------------------------------------


def test_a_flow_that_one_monitor_has_deleted_is_listed_by_none() -> None:
    with ExitStack() as stack:
        runtime = stack.enter_context(Runtime())
        runtime.start(flow := Flow("doubles").pipe(double))
        links = [stack.enter_context(monitor(*apart)) for apart in ((), (), ("--no-history",))]
        assert until(lambda: all(flows(link) == ["doubles"] for link in links))
        ask(links[0], "DELETE", "/flows/doubles")
        assert until(lambda: not any(map(flows, links)))
        links.append(stack.enter_context(monitor()))
        assert until(lambda: get(links[-1], "/runtimes")["total"] == 1)
        assert not any(map(flows, links))
        runtime.run(flow, value=1)
        assert until(lambda: all(flows(link) == ["doubles"] for link in links))


# ---- ids --------------------------------------------------------------------------------------------------

ODD = ["a{b}", "{}", "50% of 1/2", "%7B%2F", "a?b#c", "//", "...", "ä;=&+ \"'\\"]


def test_a_job_of_any_id_is_found_by_every_path() -> None:
    with Runtime(monitor=True) as runtime:
        assert runtime.monitor is not None
        link, flow = runtime.monitor.link, Flow("doubles").pipe(double)
        for name in ODD:
            runtime.exec(flow, value=1, job_id=name).wait(TIMEOUT)
            path = f"/jobs/{quote(name, safe='')}"
            for below in ("", "/state", "/results", "/routines/double/queue-status", "/debug/session"):
                get(link, path + below)
            assert get(link, path)["job_id"] == name
            assert ask(link, "POST", f"{path}/wait")["final_status"] == "completed"


@pytest.mark.parametrize("name", [".", ".."])
def test_an_id_that_no_url_can_have_is_refused(name: str) -> None:
    with Runtime(engine="inline") as runtime, pytest.raises(FlowError, match="no URL can name it"):
        runtime.exec(Flow("doubles").pipe(double), value=1, job_id=name)
