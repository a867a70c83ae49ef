from __future__ import annotations

import base64
import html
import json
import re

from mlrun.scores import SCORES
from tests.run_results import REACH

RATE = "algorithm.inner.learning_rate=0.5"
EPISODES = (
    {"return": [4.0, 3.0], "success_any": [1.0, 0.0], "success_last": [0.0, 0.0]},
    {"return": [9.0, 8.0], "success_any": [1.0, 1.0], "success_last": [1.0, 0.0]},
)
HOSTILE = "$<img src=x onerror=alert(1)>\"'</style></title><script>alert(2)</script>"


def pictures(page):
    return [address for address in page.addresses() if address.startswith("data:image/svg+xml;base64,")]


def test_a_page_is_complete_in_itself(make, page):
    report = page(make())
    assert len(report.addresses()) == len(pictures(report)) == 4
    assert all(base64.b64decode(address.partition(",")[2]).startswith(b"<?xml") for address in pictures(report))
    assert not {"script", "link", "iframe", "object", "embed", "base"} & set(report.tags)
    assert "url(" not in report.source
    assert "@import" not in report.source
    assert ("content", "width=device-width, initial-scale=1") in report.attributes
    assert "prefers-color-scheme: dark" in report.source


def test_every_picture_is_described(make, page):
    report = page(make())
    described = [value for name, value in report.attributes if name == "alt"]
    assert len(set(described)) == len(pictures(report))
    assert all(len(text) > 20 for text in described)


def test_the_table_has_the_numbers_of_the_evaluation(make, page):
    run = make(text=REACH, by_step=EPISODES, floors={"expert": {"return": 9.5, "success_any": 1.0}})
    [written] = [json.loads(path.read_text()) for path in (run.path / "eval").iterdir()]
    [table] = page(run).tables
    headings, about, before, after, _, reference = table
    names = ["success_any", "success_last", "return"]
    assert headings[1:] == [SCORES[name].label for name in names]
    assert f"maml, seed 0 {run.id}, finished, checkpoint 3" in about[0]
    assert (before[0], after[0]) == ("before adaptation", "after 1 step")
    for cells, scores in zip((before, after), written["by_step"], strict=True):
        for name, cell in zip(names, cells[1:], strict=True):
            mean, low, high = (f"{scores[name][key]:.{SCORES[name].decimals}f}" for key in ("mean", "low", "high"))
            assert cell == f"{mean} [{low}, {high}]"
    assert reference == ["expert", "1.00", "-", "9.5"]


def test_what_training_used_besides_the_usual_tasks_is_in_the_table(make, page):
    used = "trained with sharpened rewards"
    assert used not in page(make()).text
    assert (
        used
        in page(make("rollouts.sharpening={}", text=REACH, by_step=EPISODES, floors={"expert": {"return": 9.5}})).text
    )


def test_several_seeds_are_averaged_and_have_one_interval(make, page):
    report = page(make("seed=0"), make("seed=1", by_step=({"mse": [4.0, 2.0]}, {"mse": [2.0, 1.5]})))
    assert "Averaged over 2 seeds, on 2 held-out tasks" in report.text
    assert "from 3.000 to 1.250." in report.text
    together, training, every_run = report.tables
    assert together[0][1:] == ["before, mean", "after 1 step, mean", "after 1 step, IQM"]
    assert together[2][:2] == ["reptile", "3.000 [2.000, 4.000]"]
    assert training[1] == ["reptile", "0, 1", "240", "0:06"]
    assert sum("seed" in row[0] for row in every_run) == 2


def test_runs_are_listed_by_experiment_and_seed_whatever_their_order(make, page):
    runs = [make(*settings) for settings in ((RATE, "seed=10"), ("seed=9",), (RATE, "seed=2"), ("seed=1",))]
    report = page(*runs, drawn=False)
    listed = [row[0] for row in report.tables[2] if ", seed " in row[0]]
    expected = [(runs[2], 0.5, 2), (runs[0], 0.5, 10), (runs[3], 0.1, 1), (runs[1], 0.1, 9)]
    for shown, (run, rate, seed) in zip(listed, expected, strict=True):
        assert shown.startswith(f"learning_rate {rate}, seed {seed} {run.id}")


def test_experiments_are_compared_and_their_settings_too(make, page):
    report = page(make(), make(RATE, by_step=({"mse": [4.0, 2.0]}, {"mse": [0.5, 2.0]})))
    compared, *_, settings = report.tables
    assert compared[0][-1] == "better than the first"
    assert (compared[2][-1], compared[3][-1][:4]) == ("-", "0.50")
    assert settings[1] == ["algorithm.inner.learning_rate", "0.1", "0.5"]
    assert "is 0.750 for learning_rate 0.1 and 1.250 for learning_rate 0.5." in report.text


def test_runs_are_compared_after_the_steps_that_all_were_evaluated_at(make, page):
    errors = ({"mse": [4.0, 2.0]}, {"mse": [1.0, 0.5]}, {"mse": [0.1, 0.1]})
    report = page(make(), make("algorithm.inner.steps=2", by_step=errors))
    assert "Some runs were evaluated after more than 1 step" in report.text
    compared, _, every_run, _ = report.tables
    assert compared[3][2].startswith("0.750")
    assert [row[0] for row in every_run[4:8]][1:] == ["before adaptation", "after 1 step", "after 2 steps"]


def test_runs_that_cannot_be_compared_say_why_and_are_shown_each_for_itself(make, page):
    waves, reach = make(), make(text=REACH, by_step=EPISODES, floors={})
    report = page(waves, reach)
    assert "2 runs that cannot be compared with each other" in report.text
    assert f"benchmark.name is sinusoid in {waves.id} and ml1/reach-v3 in {reach.id}" in report.text
    assert [table[0][1] for table in report.tables[:2]] == ["mean squared error", "success at any step"]
    assert len(pictures(report)) == 8


def test_what_is_missing_is_named_with_what_to_type(make, page):
    run = make(text=REACH, by_step=(), rows=())
    report = page(run)
    assert "Learning curves" in report.text
    assert "not evaluated on held-out tasks" in report.text
    assert f"mlrun render {run.path}" not in report.text  # there is nothing to draw yet
    (run.path / "checkpoints").mkdir()
    (run.path / "checkpoints" / "last").touch()
    report = page(run)
    for verb in ("eval", "render", "explain"):
        assert f"mlrun {verb} {run.path}" in report.text


def test_a_map_of_runs_evaluated_in_different_ways_is_missing(make, page):
    report = page(make("seed=1"), make("seed=2", shots=3))
    assert "Goal map: these runs were evaluated in different ways: shots is" in report.text


def test_nothing_that_a_run_says_of_itself_becomes_markup(make, page):
    run = make(floors={HOSTILE: {"mse": 1.0}})
    manifest = json.loads((run.path / "run.json").read_text())
    manifest["exit_reason"] = HOSTILE
    attempt = manifest["attempts"][0]
    attempt.update(argv=[HOSTILE], host=HOSTILE, versions={HOSTILE: HOSTILE}, hardware={HOSTILE: [HOSTILE]})
    (run.path / "run.json").write_text(json.dumps(manifest))
    harmless = page(make("seed=1", floors={"zero": {"mse": 1.0}}))
    hostile = page(run)
    assert hostile.tags == harmless.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in harmless.attributes]
    assert hostile.text.count("alert(2)") >= 6


def test_nor_does_its_name(make, page):
    run = make()
    run.manifest.start()  # so that figures name it too
    run.path = run.path.rename(run.path.with_name(f"{HOSTILE.replace('/', '|')}_{{$"))
    report = page(run)
    assert "script" not in report.tags
    assert sum(name == "onerror" for name, _ in report.attributes) == 0
    assert run.path.name in report.text


def test_a_run_without_an_evaluation_does_not_keep_the_others_from_being_compared(make, page):
    report = page(make("seed=0"), make("seed=1", by_step=()), make("seed=2"))
    assert "Averaged over 2 seeds" in report.text
    assert report.text.count("not evaluated on held-out tasks") == 1


def test_all_steps_of_a_single_run_are_in_its_table(make, page):
    run = make("algorithm.inner.steps=2", by_step=({"mse": [4.0]}, {"mse": [3.0]}, {"mse": [2.0]}))
    [table] = page(run).tables
    assert [row[0] for row in table[2:5]] == ["before adaptation", "after 1 step", "after 2 steps"]


def test_the_configuration_is_shown_as_it_is(make, page):
    run = make(RATE)
    [shown] = re.findall("<pre>(.*?)</pre>", page(run).source, re.DOTALL)
    assert html.unescape(shown) == (run.path / "config.yaml").read_text()
