"""Here are the surroundings of a watch: what it needs of its worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from routilux.debug.rules import Place
from routilux.ipc.control import Asker
from routilux.routine import Routine

if TYPE_CHECKING:
    from routilux.ipc.arena import OwnSection
    from routilux.plan import LanePlan
    from routilux.worker.activation import Activations
    from routilux.worker.context import WorkerContext
    from routilux.worker.jobs import JobTable
    from routilux.worker.loader import Loader
    from routilux.worker.outputs import Outputs
    from routilux.worker.stopwatch import Stopwatch


@dataclass
class Surroundings:
    """What the watch needs of its worker."""

    process: int
    place: Place
    lines: Sequence[Sequence[int]]
    """Per event, the numbers of its connections in their order."""
    own: OwnSection
    jobs: JobTable
    context: WorkerContext
    activations: Activations
    outputs: Outputs
    asker: Asker
    routine: Routine
    status: int
    settle: Callable[[], None]
    """Commit what came before the activation at hand."""
    stopwatch: Callable[[], Stopwatch | None]
    input_at_hand: Callable[[], Any]
    inputs: Callable[[], Sequence[str]]
    """The ids of the messages at hand."""
    replace_input: Callable[[bytes], None]
    """Let the activation at hand be tried again on another payload, which is encoded."""
    loader: Loader
    lanes: Sequence[LanePlan]
    """All of the flow, by their numbers."""
    generation: Callable[[], int]
    """Of the table of breakpoints."""
    catch_up: Callable[[], None]
    """Obey what has been set while a message was held."""
