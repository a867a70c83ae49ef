from __future__ import annotations

import json
from typing import Any

import pytest

from mlrun.config.algorithms import MAMLConfig
from mlrun.config.benchmarks import Navigation2DConfig
from mlrun.config.schema import EpisodicExperiment, PolicyConfig, TrainingConfig
from mlrun.errors import ChangedExperimentError
from mlrun.runs.directory import RunDirectory
from mlrun.runs.same_experiment import require_recorded_experiment, require_same_experiment


def experiment(**policy: Any) -> EpisodicExperiment:
    return EpisodicExperiment(
        benchmark=Navigation2DConfig(),
        algorithm=MAMLConfig(),
        policy=PolicyConfig(**policy),
        training=TrainingConfig(iterations=1),
    )


def before_a_key_existed() -> dict[str, Any]:
    """What a version of this package recorded that did not know `policy.input_scale`."""
    saved = experiment().model_dump(mode="json")
    del saved["policy"]["input_scale"]
    return saved


def test_a_key_that_is_newer_than_the_checkpoint_had_its_default() -> None:
    require_same_experiment(before_a_key_existed(), experiment())
    with pytest.raises(ChangedExperimentError, match=r"policy\.input_scale was not set and is 3\.0"):
        require_same_experiment(before_a_key_existed(), experiment(input_scale=3.0))


def test_a_key_that_is_newer_than_the_manifest_had_its_default(tmp_path: Any) -> None:
    run = RunDirectory.create(tmp_path, experiment())
    manifest = run.path / "run.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "experiment": before_a_key_existed()}))
    require_recorded_experiment(run.path, experiment())
    with pytest.raises(ChangedExperimentError, match=r"policy\.input_scale was not set and is 3\.0"):
        require_recorded_experiment(run.path, experiment(input_scale=3.0))


def test_a_key_that_was_set_is_compared_with_what_is_now_a_default() -> None:
    saved = experiment(input_scale=3.0).model_dump(mode="json")
    with pytest.raises(ChangedExperimentError, match=r"policy\.input_scale was 3\.0 and is 1\.0"):
        require_same_experiment(saved, experiment())


def test_a_section_in_place_of_null_is_a_difference_also_with_defaults_alone() -> None:
    saved = experiment().model_dump(mode="json")
    saved["rollouts"] = None
    with pytest.raises(ChangedExperimentError, match=r"rollouts was None and is another section"):
        require_same_experiment(saved, experiment())


def test_a_key_that_no_longer_exists_is_a_difference() -> None:
    saved = experiment().model_dump(mode="json")
    saved["policy"]["dropout"] = 0.5
    with pytest.raises(ChangedExperimentError, match=r"policy\.dropout was 0\.5 and is another section"):
        require_same_experiment(saved, experiment())
