"""The monitor's page: what is served of it, and that it knows the monitor's contract as it is now."""

import hashlib
from importlib.resources import files
from pathlib import Path

import pytest

from routilux_monitor import files as page
from routilux_monitor.files import page_files

ROOT = Path(__file__).resolve().parents[2]


def test_the_types_of_the_page_are_made_of_the_contract_as_it_is() -> None:
    contract = hashlib.sha256((ROOT / "monitor/openapi.json").read_bytes()).hexdigest()
    head = (ROOT / "monitor/ui/src/generated/api.ts").read_text(encoding="utf-8")[:200]
    assert f"// SHA-256 of openapi.json: {contract}\n" in head, "run `npm run client` in monitor/ui"


def test_the_built_page_is_served_with_its_licences() -> None:
    served = page_files()
    assert b'<div id="root">' in served["/"].content
    assert b"EPL-2.0" in served["/licenses.md"].content
    assert {"text/css", "text/html", "text/javascript", "image/svg+xml"} <= {f.kind for f in served.values()}


def test_a_monitor_whose_page_was_not_built_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plain").symlink_to(str(files("routilux_monitor") / "plain"))
    monkeypatch.setattr(page, "files", lambda package: tmp_path)
    served = page_files()
    assert b"its page was not built" in served["/"].content
    assert b"pip install -e ." in served["/"].content
    assert served["/style.css"].kind == "text/css"
