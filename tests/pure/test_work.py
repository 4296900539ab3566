"""Facts about work that is told as one."""

from routilux.worker.work import Work


def test_the_time_between_activations_is_idle() -> None:
    work = Work("j", 10)
    for began, ended in ((10, 20), (25, 40), (41, 42)):
        work.go_on(began, ended)
    told = work.told()
    assert (told.began, told.ended, told.idle) == (10, 42, 6)


def test_what_is_told_by_itself_is_not_told_again() -> None:
    work = Work("j", 1)
    work.count(-2, 0, -1)
    work.count(2, 0, 1)
    assert not work.is_told


def test_nothing_is_told_of_an_unknown_job() -> None:
    work = Work("", 1)
    work.count(1, 0, 0)
    assert not work.is_told


def test_transactions_add_up_to_one() -> None:
    first, second, waits = Work("j", 10), Work("j", 30), Work("j", 60)
    for work, began, ended in ((first, 10, 20), (second, 30, 50), (waits, 60, 60)):
        work.go_on(began, ended)
        work.count(1, 0, 0)
        work.received, work.emitted = {0: 2}, {began: 1}
    waits.declined, waits.waiting, waits.reason = 1, 7, "waits"
    for later in (second, waits):
        first.followed_by(later)
    told = first.told()
    assert (told.began, told.ended, told.idle, told.activations) == (10, 60, 20, 3)
    assert (told.received, told.emitted) == ({0: 6}, {10: 1, 30: 1, 60: 1})
    assert (told.declined, told.waiting, told.reason) == (1, 7, "waits")
