import pytest

from mlrun.wording import counted, data_in_words, duration, listed, moment_in_words


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "?"), (0.4, "0:00"), (59.6, "1:00"), (725, "12:05"), (3600 * 30 + 61, "30:01:01")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_numbers_of_things():
    assert [counted(number, "step") for number in (0, 1, 10)] == ["0 steps", "1 step", "10 steps"]


def test_lists_end_with_and():
    assert [listed(["a", "b", "c"][:count]) for count in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


def test_the_data_of_a_memory_are_told_as_trials():
    about = {"episodes": 10, "steps": 2}
    assert data_in_words(about) == "10 adaptation episodes per step"
    with_memory = {**about, "data_by_step": [0, 1, 2]}
    assert data_in_words(with_memory) == "1 adaptation episode per step, mean of 10 trials per task"
    assert data_in_words({"steps": None}) == "adaptation episodes as below"
    assert [moment_in_words(step) for step in (None, 0, 1)] == ["after adaptation", "before adaptation", "after 1 step"]
