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
