"""The page about record and replay is run as it stands: its script, its tests, its commands."""

import sys
from pathlib import Path

from docs.blocks import ROOT, assert_clean, blocks, run

BLOCKS = blocks(ROOT / "docs" / "replay.md")


def test_the_page_about_replay_runs_as_one_story(tmp_path: Path) -> None:
    script, tests, _ = (block.text for block in BLOCKS if block.language == "python")
    (tmp_path / "shop.py").write_text(script, encoding="utf-8")
    (tmp_path / "test_shop.py").write_text(tests, encoding="utf-8")
    assert_clean(run([sys.executable, "-W", "error", "shop.py"], tmp_path))
    tested = run([sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider"], tmp_path)
    assert_clean(tested)
    assert "test_an_order_has_a_price[orders-2-each.order] PASSED" in tested.stdout
    assert "3 passed" in tested.stdout
    (commands,) = (block.text for block in BLOCKS if "replay" in block.words)
    ended = run(["bash", "-euo", "pipefail", "-c", commands], tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "each.output: 100" in ended.stdout
    assert "ZeroDivisionError" in ended.stderr
