"""Here are the facts of idempotency keys."""

import asyncio

import pytest

from routilux_monitor.contract.errors import ApiError
from routilux_monitor.idempotency import IdempotencyKeys


class Work:
    """Counts how often it was done."""

    def __init__(self) -> None:
        self.times = 0
        self.may_end = asyncio.Event()
        self.fails = False

    async def __call__(self) -> int:
        await self.may_end.wait()
        self.times += 1
        if self.fails:
            raise ApiError("BUSY", "later")
        return self.times


def test_the_same_key_and_body_get_the_same_answer_also_at_the_same_time() -> None:
    async def ask() -> tuple[list[int], int]:
        keys, work = IdempotencyKeys(), Work()
        both = asyncio.gather(keys.once("k", b"x", work), keys.once("k", b"x", work))
        work.may_end.set()
        return [*await both, await keys.once("k", b"x", work)], work.times

    assert asyncio.run(ask()) == ([1, 1, 1], 1)


def test_another_body_is_a_conflict() -> None:
    async def ask() -> None:
        keys, work = IdempotencyKeys(), Work()
        work.may_end.set()
        await keys.once("k", b"x", work)
        with pytest.raises(ApiError) as refused:
            await keys.once("k", b"y", work)
        assert refused.value.code == "IDEMPOTENCY_CONFLICT"

    asyncio.run(ask())


def test_what_was_refused_may_be_tried_again() -> None:
    async def ask() -> int:
        keys, work = IdempotencyKeys(), Work()
        work.may_end.set()
        work.fails = True
        with pytest.raises(ApiError):
            await keys.once("k", b"x", work)
        work.fails = False
        return await keys.once("k", b"x", work)

    assert asyncio.run(ask()) == 2


def test_one_who_goes_away_does_not_take_the_work_along() -> None:
    async def ask() -> int:
        keys, work = IdempotencyKeys(), Work()
        first = asyncio.create_task(keys.once("k", b"x", work))
        second = asyncio.create_task(keys.once("k", b"x", work))
        await asyncio.sleep(0)
        first.cancel()
        work.may_end.set()
        return await second

    assert asyncio.run(ask()) == 1


def test_the_oldest_key_is_forgotten_and_work_under_way_never() -> None:
    async def ask() -> None:
        keys, done, open_ = IdempotencyKeys(most=2), Work(), Work()
        done.may_end.set()
        tasks = [asyncio.create_task(keys.once(f"open-{n}", b"x", open_)) for n in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(ApiError) as refused:
            await keys.once("third", b"x", done)
        assert refused.value.code == "BUSY"
        open_.may_end.set()
        await asyncio.gather(*tasks)
        await keys.once("third", b"x", done)
        assert await keys.once("open-0", b"y", done) == 2

    asyncio.run(ask())
