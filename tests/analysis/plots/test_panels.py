import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlrun.analysis.plots.panels import spread

HEIGHTS = st.lists(st.floats(-1, 2), min_size=1, max_size=10)


@given(HEIGHTS)
def test_no_two_places_are_too_near_and_all_are_in_the_panel(wanted):
    places = np.sort(spread(wanted, 0.1))
    assert (np.diff(places) >= 0.1 - 1e-9).all()
    assert places[0] >= -1e-9
    assert places[-1] <= 1 + 1e-9


@given(HEIGHTS)
def test_places_keep_the_order_of_the_heights(wanted):
    places = np.array(spread(wanted, 0.05))
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(places[order]) > 0).all()


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([], []),
        ([0.9, 0.1, 0.5], [0.9, 0.1, 0.5]),
        ([0.5, 0.5], [0.4, 0.6]),
        ([0.5, 0.5, 0.9], [0.4, 0.6, 0.9]),
        ([0.6, 0.5, 0.4], [0.7, 0.5, 0.3]),
        ([1.0, 1.0], [0.8, 1.0]),
        ([0.0, 0.1], [0.0, 0.2]),
    ],
)
def test_what_is_too_near_gives_way_evenly(wanted, places):
    assert spread(wanted, 0.2) == pytest.approx(places)


def test_labels_that_do_not_fit_stay_apart():
    assert np.diff(spread([0.5] * 8, 0.2)) == pytest.approx([0.2] * 7)
