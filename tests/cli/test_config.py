import json

from mlrun.config import load_experiment


def test_show_prints_the_same_experiment(mlrun, config, tmp_path):
    shown = tmp_path / "shown.yaml"
    shown.write_text(mlrun("config", "show", config, "--set", "seed=5").out)
    assert load_experiment(shown) == load_experiment(config, ["seed=5"])


def test_validate_reports_all_mistakes_in_all_files(mlrun, config, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(config.read_text().replace("iterations: 2", "iterations: 0, iteratons: 2"))
    outcome = mlrun("config", "validate", wrong, "nowhere.yaml", config)
    assert outcome.code == 2
    assert outcome.out == f"{config}: ok\n"
    assert len(outcome.err.splitlines()) == 3
    assert all(line.startswith("mlrun: error: ") for line in outcome.err.splitlines())


def test_validate_accepts_valid_files(mlrun, config):
    outcome = mlrun("config", "validate", config, config)
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{config}: ok\n" * 2, "")


def test_schema_is_json(mlrun):
    assert "training" in json.loads(mlrun("config", "schema").out)["$defs"]["EpisodicExperiment"]["properties"]
