"""The benchmarks live in the checkout. It comes last: the routilux under test is the one that is installed."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
