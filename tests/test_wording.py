import pytest

from mlrun.wording import counted, duration, listed


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "?"), (0.4, "0:00"), (59.6, "1:00"), (725, "12:05"), (3600 * 30 + 61, "30:01:01")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_numbers_of_things():
    assert [counted(number, "step") for number in (0, 1, 10)] == ["0 steps", "1 step", "10 steps"]


def test_lists_end_with_and():
    assert [listed(["a", "b", "c"][:count]) for count in (1, 2, 3)] == ["a", "a and b", "a, b and c"]
