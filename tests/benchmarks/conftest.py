"""The benchmarks live in the checkout: it comes last, so that the routilux under test is the one installed."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
