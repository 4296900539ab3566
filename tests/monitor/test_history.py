"""The history outlives runtimes and monitors, and is bounded."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.fakeruntime import counters, job_changed
from monitor.madehistory import BEGAN, FLOWS, fill, job
from monitor.told import INTRODUCTION, Told
from routilux.commands import Introduction
from routilux.database import Database
from routilux.errors import StoreError
from routilux_monitor import historyschema
from routilux_monitor.history import Filter, History, default_path
from routilux_monitor.model import JobRecord, RuntimeRecord

FOR_EVER = float("inf")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "routilux" / "history.db"


def kept_jobs(history: History, **which: str) -> list[str]:
    return [found.job_id for found in history.jobs(Filter(**which), limit=1000)]


def test_a_job_comes_back_as_it_was_kept(path: Path) -> None:
    history = History(path, max_age=FOR_EVER)
    history.keep_job(job(5), in_full=True)
    history.close()
    again = History(path, max_age=FOR_EVER)
    assert again.job("job-5") == job(5)
    assert again.job("job-6") is None
    again.close()


def test_a_list_has_the_newest_first_without_their_traces(path: Path) -> None:
    history = History(path, max_age=FOR_EVER)
    fill(history, 100)
    (newest,) = history.jobs(Filter(flow_id="flow-9"), limit=1)
    assert (newest.job_id, newest.metadata, len(newest.trace)) == ("job-99", {"number": 99}, 0)
    assert kept_jobs(history, flow_id="flow-9") == [f"job-{n}" for n in range(99, 0, -10)]
    assert len(kept_jobs(history, status="failed")) == 20
    assert kept_jobs(history, worker_id="worker-flow-5", status="completed") == []
    assert history.counts(Filter()) == {"completed": 80, "failed": 20}
    history.close()


def test_file_and_folder_are_its_users_alone(path: Path) -> None:
    history = History(path)
    history.keep_job(job(1), in_full=True)
    history.runtimes()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    files = list(path.parent.iterdir())
    assert {file.name for file in files} == {"history.db", "history.db-wal", "history.db-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    history.close()


def test_it_lies_in_the_users_state_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_path() == tmp_path / "routilux" / "history.db"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".local" / "state" / "routilux" / "history.db"


def test_a_file_of_another_kind_is_refused(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA application_id = 7")
    db.close()
    with pytest.raises(StoreError, match="another kind"):
        History(path)


def test_old_jobs_are_forgotten(path: Path) -> None:
    history = History(path, max_age=3600)
    old, new = job(1), job(2)
    now = time.time()
    old.finished_at, new.finished_at = now - 4000, now
    history.keep_job(old, in_full=True)
    history.keep_job(new, in_full=True)
    assert kept_jobs(history) == ["job-2"]
    assert history.job("job-1") is None
    history.close()


def test_it_keeps_within_its_bytes_and_forgets_what_ended_first(path: Path) -> None:
    history = History(path, max_age=FOR_EVER, max_bytes=20_000)
    fill(history, 300)
    kept = kept_jobs(history)
    assert 5 < len(kept) < 60
    assert kept == [f"job-{n}" for n in range(299, 299 - len(kept), -1)]
    with sqlite3.connect(path) as db:
        ((details,),) = db.execute("SELECT count(*) FROM details").fetchall()
    db.close()
    assert details == len(kept)
    history.close()


def test_a_job_met_again_with_less_stays_as_it_was(path: Path) -> None:
    history = History(path, max_age=FOR_EVER)
    history.keep_job(job(5), in_full=True)
    history.keep_job(replace(job(5), metadata={}, routines={}), in_full=False)
    history.keep_job(JobRecord("job-5", "flow-5", "worker-flow-5", "past", "failed", 1.0), in_full=True)
    assert history.job("job-5") == job(5)
    history.close()


def test_a_job_is_there_from_its_beginning_and_follows_it(path: Path) -> None:
    history = History(path, max_age=FOR_EVER)
    running = replace(job(5), status="running", finished_at=None)
    history.keep_job(running, in_full=False)
    assert [found.status for found in history.jobs(Filter(), limit=10)] == ["running"]
    history.keep_job(job(5), in_full=False)
    history.keep_job(job(5), in_full=True)
    assert history.job("job-5") == job(5)
    history.close()


def test_jobs_of_a_runtime_that_was_killed_unseen_are_lost(path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    history = History(path, max_age=FOR_EVER)
    for name, pid in (("killed", owner.pid), ("alive", os.getpid())):
        history.keep_runtime(RuntimeRecord(Introduction(name, pid, 1.0, "0")))
        history.keep_job(JobRecord(f"of-{name}", "f", f"w-{name}", name, "running", 1.0), in_full=False)
    history.runtimes()
    history.close()
    owner.kill()
    owner.communicate()
    again = History(path, max_age=FOR_EVER)
    assert {found.job_id: found.status for found in again.jobs(Filter(), limit=10)} == {
        "of-killed": "lost",
        "of-alive": "running",
    }
    assert [record.runtime_id for record in again.runtimes()] == ["killed"]
    again.close()


def test_when_a_runtime_has_ended_is_kept_and_unknown_of_one_that_ended_unseen(path: Path) -> None:
    history = History(path, max_age=FOR_EVER)
    history.keep_runtime(RuntimeRecord(Introduction("seen", 1, 1.0, "0"), is_gone=True, gone_at=5.0))
    history.keep_runtime(RuntimeRecord(Introduction("unseen", 2**22 + 1, 2.0, "0")))
    history.runtimes()
    history.close()
    again = History(path, max_age=FOR_EVER)
    assert {record.runtime_id: record.gone_at for record in again.runtimes()} == {"seen": 5.0, "unseen": None}
    again.close()


def test_a_file_of_an_earlier_version_is_brought_up_to_date(path: Path) -> None:
    path.parent.mkdir(parents=True)
    old = Database(path, historyschema.MARK, historyschema.STEPS[:1], durable=False)
    with old.transaction() as db:
        body = '{"runtime_id":"old","pid":1,"started_at":1.0,"version":"0"}'
        values = ("old", 1, time.time(), body)
        db.execute("INSERT INTO runtimes VALUES (?, ?, 'x', ?, TRUE, ?)", values)
    old.close()
    history = History(path, max_age=FOR_EVER)
    history.keep_job(job(1), in_full=True)
    assert [record.runtime_id for record in history.runtimes()] == ["old"]
    assert kept_jobs(history, runtime_id="past") == ["job-1"]
    assert kept_jobs(history, runtime_id="old") == []
    history.close()


def test_what_finds_no_room_is_counted_and_nobody_waits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(path, max_age=FOR_EVER)
    monkeypatch.setattr(history._backlog, "_most", 1)
    with history._writing.transaction():  # the disk is slow
        for number in range(5):
            history.keep_job(job(number), in_full=True)
        assert history.unkept >= 3
    history.close()


def test_a_store_keeps_its_jobs_when_they_have_settled(path: Path) -> None:
    history = History(path, max_age=FOR_EVER)
    told = Told(keeper=history)
    told.tell(0, job_changed("j", "running"), job_changed("j", "completed", counters=counters(a=1)))
    assert history.job("j") is not None
    told.store.settle(time.time() + 60)
    kept = history.job("j")
    assert kept is not None
    assert [event.kind for event in kept.trace] == ["job_started", "job_completed"]
    assert kept.trace_dropped == 1
    assert history.runtimes() == []
    told.store.runtime_gone(INTRODUCTION.runtime_id, time.time())
    assert [record.runtime_id for record in history.runtimes()] == ["fake"]
    assert [record.state for record in history.instances()] == ["stopped"]
    assert [record.info.worker_id for record in history.flows()] == [""]
    history.close()


def test_ten_thousand_jobs_are_listed_page_by_page(path: Path) -> None:
    history = History(path, max_age=FOR_EVER)
    fill(history, 10_000)
    pages = [kept_jobs(history, flow_id=f"flow-{n}") for n in range(FLOWS)]
    assert [len(page) for page in pages] == [1000] * FLOWS
    assert history.jobs(Filter(), limit=1, offset=9_999)[0].created_at == BEGAN
    history.close()
