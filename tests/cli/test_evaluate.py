from mlrun.cli.evaluate import evaluation_table, evaluation_title, horizon_warning
from mlrun.cli.shared.output import print_table


def interval(mean, low, high):
    return {"mean": mean, "low": low, "high": high}


def test_each_number_is_in_its_row(capfd):
    scores = {
        "success_any": interval(0.5, 0.4, 0.6),
        "success_last": interval(0.25, 0.2, 0.3),
        "return": interval(123.45, 100.0, 140.0),
        "time_to_success": interval(80.0, 70.0, None),
    }
    reference = {"success_any": 0.2, "success_last": 0.1, "return": 55.0}
    result = {
        "benchmark": "ml1/reach-v3",
        "split": "test",
        "tasks": 50,
        "horizon": 150,
        "checkpoint": 60,
        "aids": [],
        "episodes": 10,
        "by_step": [{"step": step, **scores} for step in range(3)],
        "floors": {"expert": reference},
    }
    print_table(evaluation_table(result))
    _, before, after_1, after_2, _, expert = capfd.readouterr().out.splitlines()
    assert (
        evaluation_title(result)
        == "ml1/reach-v3, 50 test tasks, horizon 150; checkpoint 60, 10 adaptation episodes per step"
    )
    assert before.split("  ")[0] == "before adaptation"
    aided = evaluation_title({**result, "aids": ["recombined training tasks", "sharpened rewards"]})
    assert aided.splitlines()[1] == "trained with recombined training tasks and sharpened rewards"
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


def test_errors_are_shown_above_the_reference_scores(capfd):
    scores = [{"step": step, "mse": interval(3.0 / (1 + step), 1.0, 4.0)} for step in range(2)]
    result = {
        "benchmark": "sinusoid",
        "split": "test",
        "tasks": 500,
        "horizon": None,
        "checkpoint": 7,
        "aids": [],
        "shots": 1,
        "by_step": scores,
        "floors": {"zero": {"mse": 4.19631}},
    }
    print_table(evaluation_table(result))
    head, before, after, _, zero = capfd.readouterr().out.splitlines()
    assert evaluation_title(result) == "sinusoid, 500 test tasks; checkpoint 7, adapted to 1 example"
    assert head.strip() == "mean squared error"
    assert before.split() == ["before", "adaptation", "3.000", "[1.000,", "4.000]"]
    assert after.split() == ["after", "1", "step", "1.500", "[1.000,", "4.000]"]
    assert zero.split() == ["zero", "4.196"]


def test_a_memory_is_scored_in_each_episode_and_checked(capfd):
    scores = [{"step": step, "return": interval(float(step), 0.0, 9.0)} for step in range(2)]
    checks = {"other_split": {"split": "train", "by_step": scores}, "without_rewards": {"by_step": scores}}
    print_table(evaluation_table({"by_step": scores, **checks, "floors": {}}))
    labels = [line.split("  ")[0].strip() for line in capfd.readouterr().out.splitlines()]
    checked = ["training tasks, episode 2", "without rewards, episode 2"]
    assert labels[1:6] == ["episode 1 of a trial", "episode 2 of a trial", "", *checked]


def test_brackets_in_a_name_are_no_markup(capfd):
    scores = [{"step": 0, "mse": interval(3.0, 1.0, 4.0)}]
    print_table(evaluation_table({"by_step": scores, "floors": {"a[/x] [b] :zero:": {"mse": 1.0}}}))
    assert capfd.readouterr().out.splitlines()[-1].split()[:-1] == ["a[/x]", "[b]", ":zero:"]


def test_a_warning_is_shown_if_not_even_the_expert_succeeds_within_the_horizon():
    policies = {"goal-blind expert": {"success_any": 0.0}, "expert": {"success_any": 0.0}}
    assert horizon_warning({"horizon": 30, "floors": policies}) == (
        "no reference policy succeeds on any task within 30 control steps; is benchmark.horizon long enough?"
    )
    policies["expert"]["success_any"] = 0.02
    assert horizon_warning({"horizon": 40, "floors": policies}) is None
    assert horizon_warning({"horizon": None, "floors": {"zero": {"mse": 4.2}}}) is None
