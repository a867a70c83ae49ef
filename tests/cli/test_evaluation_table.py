from mlrun.cli.evaluation_table import evaluation_table
from mlrun.cli.output import print_table


def interval(mean, low, high):
    return {"mean": mean, "low": low, "high": high}


def test_every_number_stands_in_its_row(capfd):
    scores = {
        "success_any": interval(0.5, 0.4, 0.6),
        "success_last": interval(0.25, 0.2, 0.3),
        "return": interval(123.45, 100.0, 140.0),
        "time_to_success": interval(80.0, 70.0, None),
    }
    floor = {"success_any": 0.2, "success_last": 0.1, "return": 55.0}
    result = {
        "benchmark": "ml1/reach-v3",
        "split": "test",
        "tasks": 50,
        "horizon": 150,
        "checkpoint": 60,
        "episodes": 10,
        "by_step": [{"step": step, **scores} for step in range(3)],
        "floors": {"expert": floor},
    }
    print_table(evaluation_table(result))
    title, _, _, before, after_1, after_2, _, expert = capfd.readouterr().out.splitlines()
    assert title == "ml1/reach-v3, 50 test tasks, horizon 150; checkpoint 60, 10 adaptation episodes per step"
    assert before.split("  ")[0] == "before adaptation"
    numbers = [
        "0.50",
        "[0.40,",
        "0.60]",
        "0.25",
        "[0.20,",
        "0.30]",
        "123.5",
        "[100.0,",
        "140.0]",
        "80.0",
        "[70.0,",
        "-]",
    ]
    assert after_1.split() == ["after", "1", "step", *numbers]
    assert after_2.startswith("after 2 steps")
    assert expert.split() == ["expert", "0.20", "0.10", "55.0", "-"]
