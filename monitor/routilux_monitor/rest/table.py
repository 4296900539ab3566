"""Here is the table of all routes."""

from routilux_monitor.rest import (
    deadletters,
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
    *workers.ROUTES,
    *runtimes.ROUTES,
    *deadletters.ROUTES,
    *health.ROUTES,
)
