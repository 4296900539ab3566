"""Facts about transactions that are told as one."""

from routilux.worker.work import Work


def work(began: int, ended: int, activations: int = 1) -> Work:
    made = Work(began)
    made.ended = ended
    made.count(activations, 0, 0)
    return made


def test_two_transactions_told_as_one_have_the_counts_of_both() -> None:
    one, other = work(10, 20, 3), work(25, 40, 4)
    one.received, one.emitted, one.errors = {0: 3}, {0: 2}, 1
    other.received, other.emitted, other.skipped = {0: 1, 1: 3}, {1: 5}, 2
    one.followed_by(other)
    told = one.told()
    assert (told.activations, told.errors, told.skipped) == (7, 1, 2)
    assert (told.received, told.emitted) == ({0: 4, 1: 3}, {0: 2, 1: 5})


def test_the_time_between_transactions_is_idle() -> None:
    one = work(10, 20)
    one.followed_by(work(25, 40))
    one.followed_by(work(41, 42))
    assert (one.began, one.ended, one.idle) == (10, 42, 6)


def test_the_last_refusal_of_a_policy_is_the_one_that_is_told() -> None:
    one, last = work(1, 2), work(5, 6)
    one.declined, one.reason, one.waiting = 2, "one is no pair", 1
    last.declined, last.reason, last.waiting = 1, "three are too many", 3
    one.followed_by(work(3, 4))
    assert (one.declined, one.reason, one.waiting) == (2, "one is no pair", 1)
    one.followed_by(last)
    assert (one.declined, one.reason, one.waiting) == (3, "three are too many", 3)


def test_what_is_told_by_itself_is_not_told_again() -> None:
    one = Work(1)
    one.count(-2, 0, -1)
    one.count(2, 0, 1)
    assert not one.is_told
