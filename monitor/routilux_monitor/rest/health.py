"""Here are the routes that tell how the monitor itself is."""

from collections import Counter

from routilux import clock
from routilux_monitor.contract import system as contract
from routilux_monitor.monitor import Monitor
from routilux_monitor.routes import Call, NoBody, NoQuery, route
from routilux_monitor.version import VERSION


async def live(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Alive:
    """Whether the monitor answers."""
    return contract.Alive("alive")


async def ready(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Ready:
    """Whether there is a runtime that takes jobs, and how many instances of flows run."""
    known = monitor.known
    is_shutdown = all(runtime.is_gone for runtime in known.runtimes.values())
    running = sum(instance.stopped_at is None for instance in known.instances.values())
    return contract.Ready("ready", contract.ReadyRuntime(is_shutdown, running), len(known.flows))


async def stats(monitor: Monitor, call: Call[NoBody, NoQuery]) -> contract.Stats:
    """How much the monitor knows, and what has not reached it."""
    known = monitor.known
    instances = known.instances.values()
    running = [instance for instance in instances if instance.stopped_at is None]
    return contract.Stats(
        version=VERSION,
        uptime_seconds=max(0.0, clock.wall() - monitor.started_at),
        runtimes=sum(not runtime.is_gone for runtime in known.runtimes.values()),
        flows=len(known.flows),
        workers=len(running),
        jobs=Counter(job.status for job in known.jobs.values()),
        processes=sum(len(instance.processes) for instance in running),
        clients=len(monitor.hub.clients),
        waiting=monitor.waits.count,
        gaps=sum(instance.gaps for instance in instances),
        dropped=sum(instance.dropped for instance in instances),
    )


ROUTES = (
    route("GET", "/health/live", live),
    route("GET", "/health/ready", ready),
    route("GET", "/health/stats", stats),
)
