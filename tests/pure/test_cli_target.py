"""Where the target of a command leads, and what is said when it leads nowhere."""

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from routilux import FlowError, FlowRegistry
from routilux.cli.target import TargetError, load

Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """Writes a module; what importing it changes is undone."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)

    def write(text: str = "", name: str = "pipeline_of_test.py") -> Path:
        path = tmp_path / name
        path.write_text("from routilux import *\n" + textwrap.dedent(text), encoding="utf-8")
        return path

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_file_is_imported_by_its_stem_from_its_folder(written: Written) -> None:
    path = written("flow = Flow('found')")
    assert load(f"{path}:flow").name == "found"
    assert sys.path[0] == str(path.parent)
    assert "pipeline_of_test" in sys.modules


def test_a_file_may_be_given_relative_to_the_current_folder(written: Written) -> None:
    written("flow = Flow('found')")
    assert load("pipeline_of_test.py:flow").name == "found"


def test_a_module_is_looked_for_in_the_current_folder(written: Written) -> None:
    written("flow = Flow('found')")
    assert load("pipeline_of_test:flow").name == "found"


def test_a_function_without_parameters_makes_the_flow(written: Written) -> None:
    written("def make(size=1): return Flow('made')")
    assert load("pipeline_of_test:make").name == "made"


def test_a_registered_flow_is_found_by_its_name(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = FlowRegistry()
    monkeypatch.setattr(FlowRegistry, "get_instance", lambda: registry)
    written("FlowRegistry.get_instance().register_by_name('nightly', Flow('registered'))")
    assert load("pipeline_of_test:nightly").name == "registered"


@pytest.mark.parametrize("target", ["x.py", "module", ":flow", "x.py:", ""])
def test_a_target_without_a_flow_says_how_to_write_one(target: str) -> None:
    with pytest.raises(TargetError, match="names no flow: write MODULE:FLOW"):
        load(target)


def test_an_unknown_name_is_answered_with_the_nearest_flow(written: Written) -> None:
    written("flow = Flow()\nother = 1")
    with pytest.raises(TargetError, match=r"has no 'flwo': did you mean 'flow'\?"):
        load("pipeline_of_test:flwo")


def test_a_missing_file_is_named(written: Written) -> None:
    with pytest.raises(TargetError, match=f"there is no file '{written().parent}/none.py'"):
        load("none.py:flow")


def test_a_missing_module_is_one_line(written: Written) -> None:
    written()
    with pytest.raises(TargetError) as raised:
        load("no_such_module_here:flow")
    message = (
        "cannot import 'no_such_module_here': ModuleNotFoundError: No module named 'no_such_module_here'"
    )
    assert str(raised.value) == message


def test_an_error_in_the_file_shows_its_line_and_none_of_ours(written: Written) -> None:
    path = written("1 / 0")
    with pytest.raises(TargetError) as raised:
        load(f"{path}:flow")
    text = str(raised.value)
    assert text.startswith(f"cannot import '{path}': ZeroDivisionError: division by zero\n\nTraceback")
    assert f'File "{path}", line 2' in text
    assert "routilux/cli" not in text


def test_a_file_that_exits_when_imported_is_no_exit_of_ours(written: Written) -> None:
    written("raise SystemExit(3)")
    with pytest.raises(TargetError, match="SystemExit: 3"):
        load("pipeline_of_test:flow")


def test_a_function_that_raises_is_told_with_its_line(written: Written) -> None:
    written("def make():\n    raise ValueError('no data')")
    with pytest.raises(
        TargetError, match=r"make\(\) of 'pipeline_of_test' made no flow: ValueError: no data"
    ):
        load("pipeline_of_test:make")


def test_a_fault_in_making_the_flow_keeps_its_lines(written: Written) -> None:
    written("def make():\n    raise FlowError('one', 'two')")
    with pytest.raises(FlowError) as raised:
        load("pipeline_of_test:make")
    assert raised.value.faults == ("one", "two")


@pytest.mark.parametrize("name", ["number", "step", "Flow", "takes"])
def test_what_is_no_flow_is_refused(written: Written, name: str) -> None:
    written("number = 1\n@routine\ndef step(n): ...\ndef takes(n): ...")
    with pytest.raises(TargetError, match=r"is no Flow|takes parameters"):
        load(f"pipeline_of_test:{name}")


def test_a_file_named_like_an_imported_module_is_refused(written: Written) -> None:
    path = written("flow = Flow()", "hypothesis.py")
    with pytest.raises(TargetError, match="another module is named 'hypothesis'"):
        load(f"{path}:flow")


def test_a_file_named_like_a_module_of_pythons_is_refused(written: Written) -> None:
    path = written("flow = Flow()", "wave.py")  # a worker might import the other one
    with pytest.raises(TargetError, match="'wave' is a module of Python's own; rename the file"):
        load(f"{path}:flow")


def test_a_file_with_a_dot_in_its_name_is_refused(written: Written) -> None:
    path = written("flow = Flow()", "my.flow.py")
    with pytest.raises(TargetError, match="may have no dot"):
        load(f"{path}:flow")
