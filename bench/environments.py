"""Here is where each peer lives: an environment of its own, so that none is needed to run the others."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

CODECS = ("msgpack>=1.1,<2", "msgspec>=0.20,<1", "numpy>=2.1,<3")
"""What the work itself needs."""
OWN = ("routilux", "pyzmq", "multiprocessing", "bare")
"""At home where the benchmarks run: nothing is installed for them."""
REQUIREMENTS: Mapping[str, tuple[str, ...]] = {
    "upstream": ("routilux==1.1.0", *CODECS),
    "mpire": ("mpire>=2.10.2,<2.11", *CODECS),
    "joblib": ("joblib>=1.5,<2", *CODECS),
    "faster-fifo": ("faster-fifo>=1.5.2,<1.6", *CODECS),
    "ray": ("ray>=2.50,<3", *CODECS),
    "dask": ("distributed>=2026.1", *CODECS),
    "iceoryx2": ("iceoryx2>=0.10,<0.11", *CODECS),
    "zenoh": ("eclipse-zenoh>=1.5,<2", *CODECS),
}
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "routilux": ("routilux", "pyzmq", "msgpack", "msgspec", "numpy"),
    "pyzmq": ("pyzmq", "msgpack", "msgspec", "numpy"),
    "multiprocessing": ("numpy",),
    "bare": ("numpy",),
    "upstream": ("routilux",),
    "mpire": ("mpire",),
    "joblib": ("joblib", "numpy"),
    "faster-fifo": ("faster-fifo", "numpy"),
    "ray": ("ray", "numpy"),
    "dask": ("distributed", "dask"),
    "iceoryx2": ("iceoryx2", "msgpack", "msgspec", "numpy"),
    "zenoh": ("eclipse-zenoh", "msgpack", "msgspec", "numpy"),
}
"""Whose versions a row states."""
TO_INSTALL = 900.0


class NotInstalled(Exception):
    """A peer that cannot be had here; the message is the reason."""


def default_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "routilux-bench"


def python_of(peer: str, folder: Path, given: Mapping[str, str]) -> str:
    """The interpreter that a peer runs in; makes its environment if there is none yet.

    `given` are interpreters that have the peer already. Raises NotInstalled.
    """
    if peer in given:
        return given[peer]
    if peer in OWN:
        return sys.executable
    wanted = REQUIREMENTS[peer]
    key = hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:10]
    home = folder / f"{peer}-{sys.version_info[0]}.{sys.version_info[1]}-{key}"
    python, done = home / "bin" / "python", home / "installed"
    if not done.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        print(f"making an environment for {peer} in {home}", flush=True)
        _run([sys.executable, "-m", "venv", str(home)])
        _run([str(python), "-m", "pip", "install", "--quiet", *wanted])
        done.touch()
    return str(python)


def _run(command: list[str]) -> None:
    try:
        found = subprocess.run(
            command, capture_output=True, text=True, timeout=TO_INSTALL, stdin=subprocess.DEVNULL, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"{' '.join(command[1:4])} took longer than {TO_INSTALL:g} s") from error
    if found.returncode:
        errors = [line for line in found.stderr.splitlines() if line.startswith("ERROR")]
        raise NotInstalled((errors or found.stderr.strip().splitlines() or ["no reason given"])[-1][:300])
