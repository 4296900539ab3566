from pathlib import Path

import pytest

from bench.report import report
from bench.results import Case, Results, Round, Row, Target, judge

MACHINE = {
    "cpu": "a CPU",
    "cores": 2,
    "memory_gib": 1.0,
    "system": "Linux",
    "python": "CPython 3",
    "routilux": "0",
    "commit": "abc",
    "load_at_start": [0.0, 0.0, 0.0],
}


def row(name: str, *values: float, peer: str = "pyzmq", failure: str = "") -> Row:
    rounds = [Round(number, value, 0.5) for number, value in enumerate(values, 1)]
    return Row(name, peer, f"setting of {name}", 1, {peer: "1.0"}, rounds, failure)


def case(*rows: Row, targets: tuple[Target, ...] = (), is_less_better: bool = False) -> Case:
    ours = row("Routilux", 10.0, 20.0, 40.0, peer="routilux")
    return Case("w", "W", "things/s", is_less_better, "Routilux", [ours, *rows], list(targets))


def lines(*cases: Case, missing: dict[str, str] | None = None) -> list[str]:
    found = Results(MACHINE, "today", 1.0, 3, is_smoke=False, cases=list(cases), missing=missing or {})
    return report(found, {}).splitlines()


def line_of(name: str, *cases: Case) -> str:
    return next(line for line in lines(*cases) if line.startswith(f"| {name} |"))


def test_a_row_has_its_median_and_its_spread() -> None:
    assert "| peer | 5.00 | 1.00 | 9.00 |" in line_of("peer", case(row("peer", 1.0, 9.0, 5.0)))


def test_a_ratio_is_formed_within_a_round() -> None:
    assert "| 2.00 (2.00–4.00) ahead | 3 |" in line_of("peer", case(row("peer", 5.0, 10.0, 10.0)))


def test_where_we_lose_the_table_says_so() -> None:
    assert "0.50 (0.50–0.50) **behind**" in line_of("peer", case(row("peer", 20.0, 40.0, 80.0)))


def test_where_less_is_better_the_smaller_one_is_ahead() -> None:
    slower = case(row("peer", 20.0, 40.0, 80.0), is_less_better=True)
    assert "0.50 (0.50–0.50) ahead" in line_of("peer", slower)


def test_a_lead_that_a_round_contradicts_is_undecided() -> None:
    assert "1.33 (0.80–4.00) undecided" in line_of("peer", case(row("peer", 12.5, 15.0, 10.0)))


def test_a_limit_is_no_rival() -> None:
    line = line_of("limit", case(row("limit", 20.0, 40.0, 80.0, peer="bare")))
    assert "0.50 (0.50–0.50) | 3 |" in line


def test_a_peer_without_a_figure_is_a_row_with_the_reason_at_the_end() -> None:
    found = lines(case(row("gone", failure="round 1: no answer within 60 s"), row("peer", 1.0, 1.0, 1.0)))
    rows = [line for line in found if line.startswith(("| gone", "| peer", "| **Routilux"))]
    assert rows[-1] == "| gone | – | – | – | – | 0 | round 1: no answer within 60 s |"


def test_a_peer_that_fails_later_keeps_its_rounds_and_tells_the_reason() -> None:
    line = line_of("peer", case(row("peer", 5.0, failure="round 2: killed")))
    assert line.endswith("| 1 | setting of peer; **then it failed: round 2: killed** |")


def test_a_target_is_set_against_the_best_of_the_rivals() -> None:
    target = Target("Routilux", 2.0, ("slow", "fast"))
    verdict = judge(case(row("slow", 1.0, 2.0, 4.0), row("fast", 5.0, 10.0, 20.0), targets=(target,)), target)
    assert (verdict.rival, verdict.found, verdict.meets(2.0), verdict.meets(2.1)) == (
        "fast",
        2.0,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (Target("Routilux", 20.0), "| ≥ 20.0 things/s | 20.0 | met |"),
        (Target("Routilux", 21.0), "| ≥ 21.0 things/s | 20.0 | **not met** |"),
        (Target("Routilux", 21.0, is_stretch=True), "| ≥ 21.0 things/s | 20.0 | not met, a stretch |"),
        (Target("Routilux", 2.0, ("peer",)), "| ≥ 2.00 × peer | 4.00 | met |"),
        (Target("Routilux", 2.0, ("peer",), stretch=4.0), "(stretch 4.00) | 4.00 | met, stretch too |"),
        (Target("Routilux", 2.0, ("absent",)), "| ≥ 2.00 × absent | – | not measured |"),
    ],
)
def test_a_target_tells_what_became_of_it(target: Target, told: str) -> None:
    assert any(told in line for line in lines(case(row("peer", 2.5, 5.0, 10.0), targets=(target,))))


def test_a_peer_that_could_not_be_had_is_listed() -> None:
    assert "- ray: not installed here: no wheel" in lines(
        case(), missing={"ray": "not installed here: no wheel"}
    )


def test_results_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    found = Results(MACHINE, "today", 1.0, 3, is_smoke=False, cases=[case(row("peer", 1.0))])
    found.save(tmp_path / "results.json")
    assert Results.load(tmp_path / "results.json") == found
