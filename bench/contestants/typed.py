"""Here are the records of W1 with a declared type."""

from collections.abc import Iterator

import msgspec


class Record(msgspec.Struct):
    number: int
    name: str
    value: float


def typed_records(count: int) -> Iterator[Record]:
    for number in range(count):
        yield Record(number, "anything", 0.5)


def change_typed(record: Record) -> Record:
    record.value += 1.0
    return record


def amount_typed(record: Record) -> float:
    return record.value
