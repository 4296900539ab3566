"""What `__main__` defines is there in a worker, and nothing of it is loaded for nothing."""

from __future__ import annotations

import pickle
import sys
from fractions import Fraction
from types import ModuleType

import pytest

from routilux.ipc.wire import adopt_main


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A `__main__` that has a `helper` of its own already, as a worker has its own `main`."""
    module = ModuleType("__main__")
    vars(module)["helper"] = "the worker's own"
    monkeypatch.setitem(sys.modules, "__main__", module)
    return module


def shipped(classes: dict[str, bytes], functions: dict[str, bytes]) -> bytes:
    return pickle.dumps((classes, functions))


def test_a_function_is_found_when_it_is_asked_for(main: ModuleType) -> None:
    adopt_main(shipped({}, {"helper": pickle.dumps(len)}))
    assert "helper" not in vars(main)
    assert main.helper is len


def test_a_class_is_there_at_once(main: ModuleType) -> None:
    adopt_main(shipped({"Point": pickle.dumps(Fraction)}, {}))
    assert vars(main)["Point"] is Fraction


def test_what_cannot_be_loaded_here_is_only_missing(main: ModuleType) -> None:
    adopt_main(shipped({"Broken": b"?"}, {"broken": b"?"}))
    assert not hasattr(main, "Broken")
    assert not hasattr(main, "broken")


def test_one_who_takes_up_a_flow_keeps_what_is_its_own(main: ModuleType) -> None:
    adopt_main(shipped({}, {"helper": pickle.dumps(len), "other": pickle.dumps(max)}), only_missing=True)
    assert vars(main)["helper"] == "the worker's own"
    assert vars(main)["other"] is max
