import json

import pytest

FIGURES = {
    "environment": "ml1/push-v3",
    "throughput": [
        {
            "worlds": 200,
            "threads": 2,
            "steps_per_second": 18000.0,
            "physics_steps_per_second": 20000.0,
            "share_of_physics": 0.9,
        }
    ],
    "profile": {"worlds": 200, "threads": 2, "microseconds_per_step_of_a_world": 50.0, "shares": {"physics": 0.89}},
    "memory": None,
    "peers": {
        "worlds": 200,
        "threads": 2,
        "steps_per_second": 17000.0,
        "packages": {
            "envpool": {
                "best_setting": "20 worlds",
                "steps_per_second": 10000.0,
                "ratio": 1.7,
                "ratio_range": [1.6, 1.8],
            },
            "metaworld": None,
        },
    },
}


INNER_LOOP = {
    "tasks": 20,
    "steps": 5,
    "layer_sizes": [10, 4],
    "threads": 2,
    "rounds": 3,
    "few_samples": {
        "samples": 10,
        "seconds": {"loop": 0.1, "batched": 0.02},
        "speedup": 5.0,
        "speedup_range": [4.5, 5.5],
    },
    "many_samples": {
        "samples": 1000,
        "seconds": {"loop": 0.5, "batched": 0.6, "auto": 0.5},
        "share_of_better": 1.0,
        "share_of_better_range": [0.9, 1.1],
    },
}


@pytest.fixture
def asked(monkeypatch):
    """The arguments of each measurement. A stand-in takes its place and returns at once."""
    asked = []

    def measure(environment, worlds, threads, experiment, note):
        asked.append((environment, worlds, threads, experiment and experiment.benchmark.name))
        return FIGURES

    monkeypatch.setattr("mlrun.bench.measure.measure", measure)
    return asked


def test_json_is_one_object_with_all_figures(mlrun, asked):
    assert json.loads(mlrun("bench", "--json").out) == FIGURES


def test_tables_name_packages_that_are_not_installed(mlrun, asked):
    lines = [line.split() for line in mlrun("bench").out.splitlines()]
    assert ["2", "200", "18,000", "20,000", "0.90"] in lines
    assert ["physics", "89.0%"] in lines
    assert ["EnvPool", "20", "worlds", "10,000", "1.70", "[1.60,", "1.80]"] in lines
    assert ["Meta-World,", "AsyncVectorEnv", "not", "installed", "-", "-"] in lines


def test_the_environment_is_the_experiments_unless_another_is_named(mlrun, asked, config):
    config.write_text(config.read_text().replace("reach-v3", "push-v3"))
    mlrun("bench", "--worlds", "3, 1,3", "--threads", "1")
    mlrun("bench", config, "--threads", "1", "--worlds", "5")
    mlrun("bench", config, "--env", "pick-place-v3", "--threads", "1", "--worlds", "5")
    assert asked == [
        ("ml1/reach-v3", [3, 1], [1], None),
        ("ml1/push-v3", [5], [1], "ml1/push-v3"),
        ("ml1/pick-place-v3", [5], [1], "ml1/push-v3"),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--env", "ml1/reach"], "did you mean 'ml1/reach-v3'"),
        (["--worlds", "0"], "--worlds must be whole numbers from 1, separated by commas, not '0'"),
        (["--worlds", "10,,20"], "not '10,,20'"),
        (["--threads", "1e3"], "not '1e3'"),
        (["--threads", "100000"], "the number of cores, not 100000"),
        (["--set", "seed=1"], "--set needs a CONFIG"),
        (["--inner-loop", "--worlds", "5"], "--inner-loop can be combined with --json only"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_measured(mlrun, asked, arguments, said):
    outcome = mlrun("bench", *arguments)
    assert (outcome.code, outcome.out, asked) == (2, "", [])
    [line] = outcome.err.splitlines()
    assert said in line


def test_with_inner_loop_only_the_inner_loop_is_measured(mlrun, asked, monkeypatch):
    monkeypatch.setattr("mlrun.bench.inner_loop.inner_loop", lambda: INNER_LOOP)
    assert json.loads(mlrun("bench", "--inner-loop", "--json").out) == INNER_LOOP
    title, _, few, many = mlrun("bench", "--inner-loop").out.splitlines()
    assert "perceptron 10-4, 20 tasks, 5 steps" in title
    assert "on 2 threads" in title
    assert few.split()[:7] == ["10", "100.0", "20.0", "-", "batched", "is", "5.00"]
    assert many.split()[:6] == ["1000", "500.0", "600.0", "500.0", "auto", "has"]
    assert asked == []
