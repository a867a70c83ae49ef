import json
import math
import os

import pytest

from mlrun.errors import MlrunError
from mlrun.runs.metrics import MetricsLog, is_number, lines_from_end, read_end


@pytest.fixture
def log(tmp_path):
    log = MetricsLog(tmp_path / "metrics.jsonl")
    for iteration in range(1, 6):
        log.append({"iteration": iteration, "post/return": iteration / 3, "accepted": True})
    return log


@pytest.fixture
def path(tmp_path):
    return tmp_path / "end.jsonl"


def test_rows_come_back_as_they_went_in(log):
    assert log.read()[2] == {"iteration": 3, "post/return": 1.0, "accepted": True}


def test_a_log_that_does_not_exist_yet_is_empty(tmp_path):
    assert MetricsLog(tmp_path / "none.jsonl").read() == []


def test_what_is_not_finite_is_valid_json(log):
    log.append({"iteration": 6, "loss": math.nan, "kl": -math.inf})
    line = log.path.read_text().splitlines()[-1]
    assert json.loads(line, parse_constant=pytest.fail) == {"iteration": 6, "loss": None, "kl": None}


@pytest.mark.parametrize("removed", [1, 2, 10, 40])
def test_a_torn_last_line_costs_at_most_that_line(log, removed):
    log.path.write_bytes(log.path.read_bytes()[:-removed])
    assert [row["iteration"] for row in log.read()] == [1, 2, 3, 4] + [5] * (removed == 1)


def test_appending_after_a_torn_line_was_cut_leaves_whole_rows(log):
    log.path.write_bytes(log.path.read_bytes()[:-10])
    log.cut_after(4)
    log.append({"iteration": 5})
    assert [row["iteration"] for row in log.read()] == [1, 2, 3, 4, 5]


def test_cut_after_keeps_the_iteration_itself(log):
    log.cut_after(2)
    assert [row["iteration"] for row in log.read()] == [1, 2]


def test_a_damaged_line_in_the_middle_is_an_error_with_its_number(log):
    lines = log.path.read_text().splitlines()
    lines[1] = lines[1][:-3]
    log.path.write_text("\n".join(lines) + "\n")
    with pytest.raises(MlrunError, match=r"metrics\.jsonl:2: "):
        log.read()


def test_a_file_that_does_not_end_is_an_error_and_not_read_to_the_end_of_memory(log):
    os.truncate(log.path, 2**36)
    with pytest.raises(MlrunError, match=r"metrics\.jsonl:6: .* a line that does not end"):
        log.read()


@pytest.mark.parametrize(
    ("value", "number"),
    [("1", True), ("-0.5", True), ("null", False), ('"soon"', False), ("Infinity", False), ("1" + "0" * 400, False)],
)
def test_what_counts_as_a_number(value, number):
    assert is_number(json.loads(value)) is number


def write_rows(path, count, evaluated=()):
    rows = ({"iteration": i, **({"eval/post/mse": 1.0} if i in evaluated else {})} for i in range(1, count + 1))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize(("block", "text"), [(1, "a\nbb\n\nc"), (3, "aaaaaaa\nb\n"), (4, ""), (100, "a\nb"), (2, "\n")])
def test_lines_come_from_the_end_whatever_the_blocks(path, monkeypatch, block, text):
    monkeypatch.setattr("mlrun.runs.metrics._BLOCK", block)
    path.write_text(text)
    with path.open("rb") as file:
        assert list(lines_from_end(file)) == [line.encode() for line in reversed(text.split("\n")) if line]


def test_only_the_end_of_a_long_log_is_read(path):
    path.write_bytes(b"damaged\n" * 60_000)
    with path.open("ab") as file:
        file.write(b'{"iteration": 8, "eval/post/mse": 1.0}\n{"iteration": 9}\n')
    end = read_end(path, evaluate_every=None)
    assert end.last == {"iteration": 9}
    assert end.evaluated == {"iteration": 8, "eval/post/mse": 1.0}
    path.write_bytes(b"damaged\n" * 60_000 + b'{"iteration": 9}\n')
    assert read_end(path, evaluate_every=5).evaluated is None


@pytest.mark.parametrize("torn", [b"", b'{"iteration": 4, "l', b"\x80"])
def test_a_torn_last_line_is_left_out(path, torn):
    write_rows(path, 3, evaluated=[3])
    path.write_bytes(path.read_bytes() + torn)
    end = read_end(path, None)
    assert end.last == end.evaluated == {"iteration": 3, "eval/post/mse": 1.0}


def test_a_log_that_is_not_there_or_only_torn_has_no_rows(path):
    assert read_end(path, None) == (None, None)
    path.write_bytes(b'{"iter')
    assert read_end(path, None) == (None, None)
