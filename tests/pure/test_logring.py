"""Facts about the log of a job."""

from hypothesis import given
from hypothesis import strategies as st

from routilux.logring import LogEntry, LogRing


def entry(at: float, text: str = "") -> LogEntry:
    return LogEntry(at, "INFO", "r", 0, text)


@given(st.lists(st.text(max_size=20)), st.integers(1, 10), st.integers(1, 50))
def test_no_more_is_kept_than_allowed_and_the_rest_is_counted(
    texts: list[str], lines: int, nbytes: int
) -> None:
    ring = LogRing(lines, nbytes)
    for at, text in enumerate(texts):
        ring.put(entry(at, text))
    kept = ring.entries()
    assert len(kept) <= lines
    assert sum(len(each.text) for each in kept) <= nbytes
    assert len(kept) + ring.dropped == len(texts)
    assert [each.text for each in kept] == texts[len(texts) - len(kept) :]


def test_lines_of_several_processes_come_in_the_order_of_time() -> None:
    ring = LogRing()
    for at in (3.0, 1.0, 2.0):
        ring.put(entry(at))
    assert [each.at for each in ring.entries()] == [1.0, 2.0, 3.0]


def test_what_was_lost_on_its_way_is_counted() -> None:
    ring = LogRing()
    ring.lose(7)
    assert ring.dropped == 7
