"""Here is the table of all routes."""

from routilux_monitor.rest import (
    breakpoints,
    deadletters,
    debugging,
    execute,
    flows,
    health,
    jobs,
    reading,
    runtimes,
    watching,
    workers,
)
from routilux_monitor.routes import Route

ROUTES: tuple[Route, ...] = (
    *flows.ROUTES,
    *jobs.ROUTES,
    *execute.ROUTES,
    *reading.ROUTES,
    *watching.ROUTES,
    *breakpoints.ROUTES,
    *debugging.ROUTES,
    *workers.ROUTES,
    *runtimes.ROUTES,
    *deadletters.ROUTES,
    *health.ROUTES,
)
