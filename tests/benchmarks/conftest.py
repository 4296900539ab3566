"""The benchmarks live in the checkout. It comes last: the routilux under test is the installed one."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
