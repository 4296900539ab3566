"""Facts about the capture of what is logged and printed."""

import contextlib
import logging
import sys
import threading
from collections.abc import Iterator

from routilux.capture import LONGEST, Capture

Line = tuple[str, str]


@contextlib.contextmanager
def captured(*, every_thread: bool = False) -> Iterator[list[Line]]:
    """The lines of this thread, or of every one."""
    taken: list[Line] = []
    with Capture(lambda level, text: taken.append((level, text)), every_thread=every_thread):
        yield taken


def test_a_line_is_taken_when_it_has_its_end() -> None:
    with captured() as lines:
        sys.stdout.write("one\ntw")
        assert lines == [("STDOUT", "one")]
        sys.stdout.write("o\n")
    assert lines == [("STDOUT", "one"), ("STDOUT", "two")]


def test_a_line_without_its_end_is_taken_in_the_end() -> None:
    with captured() as lines:
        sys.stderr.write("rest")
    assert lines == [("STDERR", "rest")]


def test_a_record_that_a_handler_shows_is_taken_once() -> None:
    with captured() as lines:
        handler = logging.StreamHandler(sys.stderr)
        logger = logging.getLogger("test-capture")
        logger.addHandler(handler)
        try:
            logger.warning("careful %d", 1)
        finally:
            logger.removeHandler(handler)
        sys.stderr.write("else\n")
    assert lines == [("WARNING", "careful 1"), ("STDERR", "else")]


def test_a_record_has_its_traceback() -> None:
    with captured() as lines:
        try:
            int("x")
        except ValueError:
            logging.getLogger("test-capture").exception("bad")
    ((level, text),) = lines
    assert level == "ERROR"
    assert text.startswith("bad\nTraceback")
    assert text.endswith("invalid literal for int() with base 10: 'x'")


def test_a_record_whose_arguments_do_not_fit_is_taken_as_it_is() -> None:
    with captured() as lines:
        logging.getLogger("test-capture").makeRecord("n", logging.ERROR, "f", 1, "%d", ("x",), None)
    assert lines == [("ERROR", "%d")]


def test_a_line_is_cut_where_it_is_too_long() -> None:
    with captured() as lines:
        sys.stdout.write("x" * (LONGEST + 1) + "\n")
    assert lines == [("STDOUT", "x" * LONGEST)]


def test_another_thread_is_not_heard_unless_all_are() -> None:
    thread = threading.Thread(target=lambda: sys.stdout.write("elsewhere\n"))
    with captured() as mine, captured(every_thread=True) as all_of_them:
        thread.start()
        thread.join()
    assert (mine, all_of_them) == ([], [("STDOUT", "elsewhere")])


def test_everything_is_as_before_in_the_end() -> None:
    before = sys.stdout, sys.stderr, logging.getLogRecordFactory()
    with Capture(lambda level, text: None):
        assert sys.stdout is not before[0]
    assert (sys.stdout, sys.stderr, logging.getLogRecordFactory()) == before
