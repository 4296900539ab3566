"""A picture of an array is small whatever the array, and shows where its numbers are."""

import numpy as np
import pytest

from routilux.debug.pictures import LINE, SIDE, picture


def test_a_short_line_is_shown_as_it_is() -> None:
    found = picture(np.array([1.5, -2.0, 3.0]))
    assert found is not None
    assert (found.shape, found.values) == ((3,), (1.5, -2.0, 3.0))


def test_a_long_line_is_shown_from_its_first_number_to_near_its_last() -> None:
    found = picture(np.arange(10_000))
    assert found is not None
    assert len(found.values) == found.shape[0] <= LINE
    assert found.values[0] == 0
    assert found.values[-1] is not None
    assert found.values[-1] > 9_700


@pytest.mark.parametrize("shape", [(1080, 1920), (1080, 1920, 3), (5, 700, 4)])
def test_an_image_has_few_rows_and_columns(shape: tuple[int, ...]) -> None:
    found = picture(np.ones(shape, dtype="u1"))
    assert found is not None
    rows, columns = found.shape
    assert rows <= SIDE
    assert columns <= SIDE
    assert found.values == (1.0,) * (rows * columns)


def test_what_is_no_number_has_a_gap() -> None:
    found = picture(np.array([np.nan, np.inf, 1.0]))
    assert found is not None
    assert found.values == (None, None, 1.0)


@pytest.mark.parametrize(
    "value", [[1, 2], np.array(["a"]), np.array([1j]), np.zeros(0), np.zeros((2, 2, 2, 2)), np.array(3.0)]
)
def test_what_cannot_be_drawn_has_no_picture(value: object) -> None:
    assert picture(value) is None


class Odd(np.ndarray):
    """A user's class of arrays, whose code must not run."""

    def __getitem__(self, key: object) -> object:  # type: ignore[override]
        raise AssertionError("asked")


def test_an_array_of_a_users_class_is_not_asked() -> None:
    assert picture(np.zeros(3).view(Odd)) is None
