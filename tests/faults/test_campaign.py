"""While workers die, no message is lost or doubled, no aborted attempt is seen, no job ends early."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from faults.campaign import trial
from faults.scenarios import SCENARIOS

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("name", SCENARIOS)
def test_deaths_at_named_points_leave_a_small_job_exact(tmp_path: Path, name: str) -> None:
    trial(name, "points", "small", tmp_path / "points", probability=0.01, size=0.2)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", SCENARIOS)
def test_deaths_at_named_points_leave_the_result_exact(tmp_path: Path, name: str, seed: int) -> None:
    trial(name, "points", f"{seed}", tmp_path / "points")


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", SCENARIOS)
def test_random_kills_leave_the_result_exact(tmp_path: Path, name: str, seed: int) -> None:
    trial(name, "random", f"{seed}", tmp_path / "points")


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("attempt", range(10))
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_death_of_all_workers_at_once_leaves_the_result_exact(
    tmp_path: Path, name: str, attempt: int
) -> None:
    trial(name, "all", f"{attempt}", tmp_path / "points")


def campaign(deaths: int, ring: str) -> str:
    """What a campaign of its own process prints."""
    environment = os.environ | {
        "ROUTILUX_RING": ring,
        "PYTHONPATH": os.pathsep.join([os.fspath(TESTS), *sys.path]),
    }
    command = [sys.executable, "-m", "faults.campaign", "--deaths", str(deaths)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=3600, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize(
    ("deaths", "ring"),
    [
        (10, "1024"),
        pytest.param(500, "65536", marks=[pytest.mark.soak, pytest.mark.timeout(3700)]),
        pytest.param(500, "1024", marks=[pytest.mark.soak, pytest.mark.timeout(3700)]),
    ],
)
def test_a_campaign_of_many_deaths_has_no_wrong_result(deaths: int, ring: str) -> None:
    out = campaign(deaths, ring)
    died, size = re.findall(r"^(\d+) deaths of workers .* ring of (\d+) bytes", out, re.MULTILINE)[0]
    assert int(died) >= deaths
    assert size == ring
    assert "\n0 wrong results" in out
