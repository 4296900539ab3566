"""The warmest day of each weather station, from two networks: one tells Celsius, the other Fahrenheit.

`rows` reads the log, `parse` sends each reading on its way by its unit, `convert` makes Fahrenheit Celsius,
and `Maxima` gets both kinds and keeps the warmest of each station. There is a mistake in it, of the kind that
only some rows show: docs/debugging.md finds it, with a breakpoint on a connection.

    routilux run examples/stations.py:flow
"""

import csv
from collections.abc import Iterator
from typing import TypedDict

from routilux import Event, Flow, Routine, Runtime, Slot, routine

LOG = """\
station,date,value,unit
coast-1,2024-07-01,21.4,C
hills-1,2024-07-01,68.2,F
hills-2,2024-07-01,66.9,F
coast-1,2024-07-02,23.1,C
hills-1,2024-07-02,71.6,F
hills-2,2024-07-02,70.3,
coast-1,2024-07-03,22.8,C
hills-1,2024-07-03,70.7,F
hills-2,2024-07-03,69.1,F
"""


class Reading(TypedDict):
    station: str
    date: str
    value: float


@routine
def rows(log: str = LOG) -> Iterator[dict[str, str]]:
    """Each row of the log, by the names of its columns."""
    yield from csv.DictReader(log.splitlines())


class Parse(Routine):
    row = Slot()
    celsius = Event()
    fahrenheit = Event()

    def logic(self, row: dict[str, str]) -> None:
        reading = Reading(station=row["station"], date=row["date"], value=float(row["value"]))
        unit = row["unit"] or "C"
        if unit == "C":
            self.celsius.emit(reading)
        else:
            self.fahrenheit.emit(reading)


@routine
def convert(reading: Reading) -> Reading:
    return {**reading, "value": round((reading["value"] - 32) / 1.8, 1)}


class Maxima(Routine):
    """One line for each station, when the job ends."""

    reading = Slot()
    line = Event()

    def logic(self, reading: Reading) -> None:
        warmest = self.state.setdefault("warmest", {})
        best = warmest.get(reading["station"])
        if best is None or reading["value"] > best["value"]:
            warmest[reading["station"]] = reading

    def finish(self) -> None:
        for station, best in sorted(self.state.get("warmest", {}).items()):
            self.line.emit(f"{station}: {best['value']} °C on {best['date']}")


flow = Flow("stations")
flow.add_routine(rows)
flow.add_routine(Parse(), "parse")
flow.add_routine(convert)
flow.add_routine(Maxima(), "maxima")
flow.connect("rows", "output", "parse", "row")
flow.connect("parse", "celsius", "maxima", "reading")
flow.connect("parse", "fahrenheit", "convert", "reading")
flow.connect("convert", "output", "maxima", "reading")


if __name__ == "__main__":
    with Runtime() as runtime:
        for line in runtime.exec(flow).results():
            print(line)
