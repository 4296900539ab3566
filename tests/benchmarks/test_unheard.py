import ast
from pathlib import Path

from bench.contestants.unheard import BY_MESSAGE, WithoutHooks, copy_without_hooks


def without_hooks(source: str) -> str:
    return ast.unparse(ast.fix_missing_locations(WithoutHooks().visit(ast.parse(source))))


def test_a_branch_that_asks_the_tap_is_taken_out() -> None:
    assert without_hooks("if p.tap.is_on:\n    p.tap.end(job)\nrest()") == "pass\nrest()"


def test_what_is_done_while_nobody_listens_stays() -> None:
    assert without_hooks("if watcher is None:\n    a()\nelse:\n    b()") == "b()"


def test_other_branches_stay() -> None:
    assert without_hooks("if job.is_over:\n    end()") == "if job.is_over:\n    end()"


def test_a_copy_of_the_runtime_has_no_branch_left_that_asks_whether_somebody_listens(tmp_path: Path) -> None:
    taken_out = copy_without_hooks(tmp_path)
    sources = [(tmp_path / "routilux" / "worker" / f"{name}.py").read_text() for name in BY_MESSAGE]
    assert taken_out > len(BY_MESSAGE)
    assert not any("if p.tap.is_on" in source or "p.tap.next_beat" in source for source in sources)
