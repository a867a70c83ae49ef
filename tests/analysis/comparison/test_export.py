import csv
import io

import pytest

from mlrun.analysis.comparison.export import evaluation_rows, metric_rows, write_csv
from mlrun.runs.results import read_results
from tests.run_results import REACH, make_run, report


@pytest.fixture
def results(tmp_path):
    def make(*settings, rows=(), by_step=(), text=REACH):
        run = make_run(tmp_path, text, *settings, rows=rows)
        if by_step:
            run.save_evaluation(report(run, by_step))
        return read_results(run.path, tmp_path)

    return make


def as_csv(rows):
    file = io.StringIO()
    write_csv(rows, file)
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def test_every_row_names_its_run_and_what_tells_it_from_the_others(results):
    runs = [results("algorithm.inner.learning_rate=0.5", rows=[{"iteration": 1, "kl": 0.25}]), results("seed=3")]
    runs.append(results("seed=4", rows=[{"iteration": 1}, {"iteration": 2, "kl": 0.5}]))
    rows = as_csv(metric_rows(runs))
    assert [row["run"] for row in rows] == [runs[0].id, runs[2].id, runs[2].id]
    assert [row["seed"] for row in rows] == ["0", "4", "4"]
    assert [row["algorithm.inner.learning_rate"] for row in rows] == ["0.5", "0.1", "0.1"]
    assert [row["kl"] for row in rows] == ["0.25", "", "0.5"]


def test_columns_are_those_of_any_run_and_empty_where_there_is_no_number(results):
    rows = [{"iteration": 1, "post/return": None, "accepted": True}]
    other = results(text=REACH.replace("maml", "reptile"), rows=[{"iteration": 1, "step_size": 1.0}])
    first, second = as_csv(metric_rows([results(rows=rows), other]))
    assert (first["post/return"], first["accepted"], first["step_size"]) == ("", "True", "")
    assert (second["post/return"], second["accepted"], second["step_size"]) == ("", "", "1.0")
    assert (first["algorithm.name"], second["algorithm.name"]) == ("maml", "reptile")


def test_numbers_come_back_bit_for_bit(results):
    number = 0.1 + 0.2
    [row] = as_csv(metric_rows([results(rows=[{"iteration": 1, "kl": number}])]))
    assert float(row["kl"]) == number


def test_evaluations_have_a_row_for_every_task_and_step(results):
    by_step = [{"return": [1.0, 2.0]}, {"return": [3.0, 4.0]}]
    rows = as_csv(evaluation_rows([results(by_step=by_step), results("seed=1")]))
    assert [(row["task"], row["step"], row["return"]) for row in rows] == [
        ("0", "0", "1.0"),
        ("0", "1", "3.0"),
        ("1", "0", "2.0"),
        ("1", "1", "4.0"),
    ]
    assert {(row["split"], row["checkpoint"], row["episodes"]) for row in rows} == {("test", "3", "10")}


def test_runs_without_a_row_are_a_table_without_rows(results):
    file = io.StringIO()
    write_csv(metric_rows([results()]), file)
    assert file.getvalue() == "run,seed\n"
