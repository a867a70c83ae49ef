from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from mlrun.algorithms import algorithms
from mlrun.benchmarks import benchmarks
from mlrun.config import dump_experiment, experiment_schema
from mlrun.config.algorithms import AlgorithmConfig, MAMLConfig
from mlrun.config.benchmarks import BenchmarkConfig, ML1Config
from mlrun.config.schema import EpisodicExperiment, PolicyConfig, SupervisedExperiment, TrainingConfig
from tests.config.conftest import MINIMAL, Complain, Load

TOO_SOON = "must be at least 3, the number of iterations, or null for no decay, not 2"
BENCHMARKS = ", ".join(benchmarks.names())
SUPERVISED = MINIMAL.replace("ml1/reach-v3", "sinusoid").replace("name: maml", "name: maml\n  outer: {name: adam}")


class MazeConfig(BenchmarkConfig, frozen=True):
    """A benchmark with few tasks, and with rules that the built-in ones do not have."""

    num_tasks: int = Field(default=10)
    width: int = Field(multiple_of=2)
    walls: list[str] = Field(default=[])

    @field_validator("walls")
    @classmethod
    def _known(cls, walls: list[str]) -> list[str]:
        if "glass" in walls:
            raise PydanticCustomError("glass", "must not be glass: {reason}", {"reason": "{it} breaks"})
        return walls


class EndlessConfig(BenchmarkConfig, frozen=True):
    """A benchmark that draws new tasks for ever."""


@pytest.fixture
def mazes(monkeypatch: pytest.MonkeyPatch) -> None:
    for known in (benchmarks, algorithms):
        monkeypatch.setattr(known, "_entries", dict(known._entries))
    registrations: Any = benchmarks
    registrations.register("maze", config=MazeConfig, target="maze:Maze", summary="")
    registrations.register("endless", config=EndlessConfig, target="endless:Endless", summary="")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("seed", "4294967296", "must be at most 4294967295, not 4294967296"),
        ("seed", "0x1_0", "must be a whole number, not '0x1_0'"),
        ("seed", "1_000", "must be a whole number, not '1_000'; write 1000"),
        ("seed", "null", "must be a whole number, not null"),
        ("seed", "[1]", "must be a whole number, not [1]"),
        ("name", "5", "must be text, not 5; put it in quotes"),
        ("name", "no", None),
        ("name", "a/b", "must be 1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit, not 'a/b'"),
        ("name", "-a", "must be 1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit, not '-a'"),
        ("device", "0", "must be 'auto', 'cpu' or 'cuda', not 0"),
        ("benchmark.horizon", "500", None),
        ("benchmark.horizon", "501", "must be at most 500, not 501"),
        ("benchmark.name", "ml1/reach-v2", "unknown benchmark 'ml1/reach-v2'; did you mean 'ml1/reach-v3'? ("),
        (
            "benchmark.name",
            "3",
            f"must be one of: {BENCHMARKS}, not 3",
        ),
        ("algorithm.name", "mamml", "unknown algorithm 'mamml'; did you mean 'maml'? ("),
        ("rollouts.estimator", "dice", "must be 'likelihood-ratio', not 'dice'"),
        ("algorithm.inner.learning_rate", "1", None),
        ("algorithm.inner.learning_rate", "0", "must be greater than 0, not 0"),
        ("algorithm.inner.learning_rate", "1/10", "must be a number, not '1/10'"),
        ("algorithm.inner.learning_rate", "'1e-3'", "must be a number, not '1e-3'; write 1e-3"),
        ("algorithm.inner.learning_rate", ".inf", "must be a finite number, not .inf"),
        ("algorithm.inner.learning_rate", "1e999", "must be a finite number, not 1e999"),
        ("algorithm.inner.learning_rate", ".nan", "must be a finite number, not .nan"),
        ("algorithm.inner.learning_rate", "true", "must be a number, not true"),
        ("algorithm.inner.steps", "101", "must be at most 100, not 101"),
        ("algorithm.outer.cg_damping", "0", None),
        ("algorithm.outer.backtrack_ratio", "1", "must be less than 1, not 1"),
        ("algorithm.outer", "1", "must be a section of 'key: value' lines, not 1"),
        ("algorithm.outer", "{name: adam, learning_rate: 0.1}", None),
        ("algorithm.outer.name", "adm", "unknown outer rule 'adm'; did you mean 'adam'? (choices: 'adam', 'trpo')"),
        ("algorithm.outer.name", "[1]", "must be one of: adam, trpo, not [1]"),
        ("policy.hidden_sizes", "64", "must be a list such as [a, b], not 64"),
        ("policy.hidden_sizes", "[]", "must have 1 or more entries, not []"),
        ("policy.hidden_sizes", "[1,1,1,1,1,1,1,1,1]", "must have 8 entries at most, not [1, 1, 1, 1, 1, 1, 1, 1, 1]"),
        ("policy.initial_std", "1e-7", None),
        ("policy", "", "must be a section of 'key: value' lines, not empty"),
        ("policy", "[1]", "must be a section of 'key: value' lines, not [1]"),
        ("training.iterations", "1e3", "must be a whole number, not 1e3; write 1000"),
        ("training.iterations", "1" * 70, f"must be a whole number, not '{'1' * 70}'"),
        ("training.tasks_per_batch", "50", None),
        ("evaluation.steps", "0", None),
    ],
)
def test_value(path: str, value: str, message: str | None, load: Load, complain: Complain) -> None:
    overrides = [f"{path}={value}"] + ["policy.min_std=1e-8"] * (path == "policy.initial_std")
    if message is None:
        load(MINIMAL, *overrides)
    else:
        (line,) = complain(MINIMAL, *overrides)
        assert f": {path}: {message}" in line


@pytest.mark.parametrize(
    ("path", "suggestion"),
    [
        ("training.iteratons", "did you mean 'iterations'?"),
        ("training.Tasks-Per-Batch", "did you mean 'tasks_per_batch'?"),
        ("algorithm.learning_rate", "did you mean 'algorithm.inner.learning_rate'?"),
        ("learning_rate", "did you mean 'algorithm.inner.learning_rate'?"),
        ("lerning_rate", "did you mean 'algorithm.inner.learning_rate'?"),
        ("training.steps", "did you mean 'algorithm.inner.steps' or 'evaluation.steps'?"),
        ("training.seed", "did you mean 'seed' or 'benchmark.seed'?"),
        ("evaluation.iterations", "did you mean 'training.iterations'?"),
        ("policy.x", "valid here: hidden_sizes, input_scale, initial_std, min_std"),
        ("benchmark.x", "valid here: name, seed, num_tasks, recombine, horizon, goal, reward"),
    ],
)
def test_unknown_key_gets_the_nearest(path: str, suggestion: str, complain: Complain) -> None:
    assert complain(MINIMAL, f"{path}=1") == [f"--set {path}=1: {path}: unknown key; {suggestion}"]


def test_dotted_key_in_a_file(complain: Complain) -> None:
    (line,) = complain(MINIMAL + "algorithm.inner.steps: 2\n")
    assert line.endswith("unknown key; write nested keys on lines of their own, each indented under its section")


@pytest.mark.parametrize(
    ("removed", "expected"),
    [
        ("  iterations: 3", ["x.yaml:5: training: must be a section of 'key: value' lines, not empty"]),
        ("training:\n  iterations: 3", ["x.yaml:1: training: missing; add this key (The meta-training loop)"]),
        ("algorithm:\n  name: maml\n", ["x.yaml:1: algorithm: missing; add this key (The meta-learning algorithm)"]),
    ],
)
def test_missing_key(removed: str, expected: list[str], complain: Complain) -> None:
    assert complain(MINIMAL.replace(removed, "")) == expected


def test_key_missing_from_a_section_is_reported_at_the_section(complain: Complain) -> None:
    (line,) = complain(MINIMAL.replace("iterations", "tasks_per_batch"))
    assert line.startswith("x.yaml:5: training.iterations: missing; add this key")


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("iterations", "iteratons", "x.yaml:6: training.iteratons: unknown key; did you mean 'iterations'?"),
        ("training:", "trainig:", "x.yaml:5: trainig: unknown key; did you mean 'training'?"),
        (
            "name: ml1",
            "nam: ml1",
            f"x.yaml:1: benchmark.name: missing; write 'name' instead of 'nam', one of: {BENCHMARKS}",
        ),
    ],
)
def test_misspelt_required_key_is_one_mistake(right: str, wrong: str, expected: str, complain: Complain) -> None:
    assert complain(MINIMAL.replace(right, wrong)) == [expected]


def test_impossible_combinations_come_with_the_other_mistakes(complain: Complain) -> None:
    overrides = ["training.tasks_per_batch=51", "policy={initial_std: 0.1, min_std: 0.2, hidden_sizes: 3}"]
    overrides += ["benchmark.horizon=0", "training.keep_checkpoints=x"]
    paths = [line.split(": ")[-2] for line in complain(MINIMAL, *overrides)]
    assert paths == [
        "training.tasks_per_batch",
        "policy.hidden_sizes",
        "policy.min_std",
        "benchmark.horizon",
        "training.keep_checkpoints",
    ]


def test_models_check_what_programs_build() -> None:
    with pytest.raises(ValidationError):
        PolicyConfig(initial_std=1e-7)
    with pytest.raises(ValidationError, match="at most 50"):
        EpisodicExperiment(
            benchmark=ML1Config(), algorithm=MAMLConfig(), training=TrainingConfig(iterations=1, tasks_per_batch=51)
        )


def test_experiment_is_frozen(load: Load) -> None:
    experiment: Any = load(MINIMAL)
    for section, key in ((experiment, "seed"), (experiment.algorithm.inner, "steps"), (experiment.policy, "min_std")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(section, key, 1)
    assert hash(experiment) == hash(load(MINIMAL))


@pytest.mark.usefixtures("mazes")
class TestRegisteredElsewhere:
    def test_section_follows_the_registered_model(self, load: Load) -> None:
        experiment = load(MINIMAL, "benchmark={name: maze, width: 4, walls: [a]}", "training.tasks_per_batch=10")
        assert experiment.benchmark == MazeConfig(name="maze", width=4, walls=["a"])
        assert load(dump_experiment(experiment)) == experiment

    @pytest.mark.parametrize(
        ("section", "expected"),
        [
            (
                "{name: maze, width: 3}",
                "benchmark.width: must be a multiple of 2, not 3",
            ),
            ("{name: maze, widht: 4}", "benchmark.widht: unknown key; did you mean 'width'?"),
            ("{name: maze}", "benchmark.width: missing; add this key"),
            (
                "{name: maze, width: 4, colour: 3}",
                "benchmark.colour: unknown key; valid here: name, num_tasks, width, walls",
            ),
            ("{name: maze, width: 4, walls: [glass]}", "benchmark.walls: must not be glass: {it} breaks"),
            ("{name: mazes}", "benchmark.name: unknown benchmark 'mazes'; did you mean 'maze'?"),
        ],
    )
    def test_its_mistakes_are_translated(self, section: str, expected: str, complain: Complain) -> None:
        (line,) = complain(MINIMAL, "training.tasks_per_batch=10", f"benchmark={section}")
        assert f": {expected}" in line
        assert "pydantic" not in line

    def test_its_number_of_tasks_bounds_the_batch(self, complain: Complain) -> None:
        override = "benchmark={name: maze, width: 4}"
        message = "training.tasks_per_batch: must be at most 10, the number of training tasks, not"
        assert complain(MINIMAL, override) == [f"--set {override}: {message} 20"]
        text = MINIMAL + "  tasks_per_batch: 11\n"
        assert complain(text, override) == [f"--set {override}: {message} 11"]
        assert complain(text.replace("ml1/reach-v3", "maze\n  width: 4")) == [f"x.yaml:8: {message} 11"]

    def test_unlimited_tasks_have_no_bound(self, load: Load) -> None:
        assert load(MINIMAL, "benchmark.name=endless", "training.tasks_per_batch=1000").training.tasks_per_batch == 1000

    def test_json_schema_offers_all(self) -> None:
        assert {"MazeConfig", "ML1Config", "MAMLConfig"} <= set(experiment_schema()["$defs"])


def properties(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for section in schema["$defs"].values():
        yield from section["properties"].items()


def test_json_schema_describes_every_key() -> None:
    schema = experiment_schema()
    assert [key for key, described in properties(schema) if not described.get("description")] == []
    for kind in ("EpisodicExperiment", "SupervisedExperiment"):
        assert schema["$defs"][kind]["additionalProperties"] is False
        assert schema["$defs"][kind]["required"] == ["benchmark", "algorithm", "training"]
    assert schema["$defs"]["ML1Config"]["required"] == ["name"]
    assert schema["$defs"]["InnerLoopConfig"]["properties"]["steps"]["maximum"] == 100


def test_json_schema_puts_together_what_goes_together() -> None:
    sections = experiment_schema()["$defs"]

    def choices(kind: str, section: str) -> set[str]:
        described = sections[kind]["properties"][section]
        return {choice["$ref"].rpartition("/")[2] for choice in described.get("anyOf", [described])}

    assert choices("SupervisedExperiment", "benchmark") == {"SinusoidConfig"}
    assert "SinusoidConfig" not in choices("EpisodicExperiment", "benchmark")
    of_episodes_only = choices("EpisodicExperiment", "algorithm") - choices("SupervisedExperiment", "algorithm")
    assert of_episodes_only == {"ProMPConfig", "RL2Config", "VariBADConfig"}


class TestSupervised:
    def test_it_has_sections_of_its_own(self, load: Load) -> None:
        experiment = load(SUPERVISED)
        assert isinstance(experiment, SupervisedExperiment)
        assert experiment.network.hidden_sizes == (40, 40)
        assert (experiment.training_data, experiment.evaluation_data, experiment.data_unit) == (10, 10, "shots")
        assert load(dump_experiment(experiment)) == experiment

    @pytest.mark.parametrize("key", ["policy", "rollouts", "threads"])
    def test_sections_of_episodes_are_refused_with_the_reason(self, key: str, complain: Complain) -> None:
        (line,) = complain(SUPERVISED, f"{key}=1")
        assert line.endswith(f": {key}: does not apply to sinusoid, whose tasks are examples to fit")

    def test_keys_of_episodes_are_too(self, complain: Complain) -> None:
        (line,) = complain(SUPERVISED, "evaluation.episodes=3")
        assert line.endswith(": evaluation.episodes: does not apply to sinusoid, whose tasks are examples to fit")

    def test_what_depends_on_the_benchmark_is_left_alone_until_that_is_known(self, complain: Complain) -> None:
        (line,) = complain(SUPERVISED.replace("sinusoid", "sinusiod"), "examples.shots=3", "policy.min_std=0.1")
        assert "benchmark.name: unknown benchmark 'sinusiod'; did you mean 'sinusoid'?" in line

    def test_the_keys_of_adam_without_its_name(self, complain: Complain) -> None:
        override = "algorithm={name: maml, outer: {learning_rate: 0.1}}"
        (line,) = complain(SUPERVISED, override)
        assert line.endswith(": algorithm.outer.name: missing; write 'name: adam', since these are its keys")

    @pytest.mark.parametrize("key", ["network", "examples"])
    def test_and_the_other_way_round(self, key: str, complain: Complain) -> None:
        (line,) = complain(MINIMAL, f"{key}=1")
        assert line.endswith(f": {key}: does not apply to ml1/reach-v3, whose tasks are episodes to act in")

    @pytest.mark.parametrize("name", ["maml", "fomaml", "anil", "meta-sgd", "pretrain"])
    def test_a_trust_region_needs_a_policy(self, name: str, load: Load, complain: Complain) -> None:
        expected = "algorithm.outer: trpo needs a policy, and sinusoid has none; write 'name: adam' in this section"
        for outer in ("", ", outer: {}", ", outer: {name: trpo}"):
            (line,) = complain(SUPERVISED, f"algorithm={{name: {name}{outer}}}")
            assert line.endswith(expected)
        load(SUPERVISED, f"algorithm={{name: {name}, outer: {{name: adam}}}}")

    def test_so_does_promp(self, complain: Complain) -> None:
        (line,) = complain(SUPERVISED, "algorithm={name: promp}")
        assert ": algorithm.name: promp needs a policy, and sinusoid has none; choose one of: anil, fomaml," in line
        assert "promp" not in line.rpartition("choose one of")[2]


def test_goals_are_imagined_only_where_rewards_are_predicted(load: Load, complain: Complain) -> None:
    load(MINIMAL, "algorithm={name: varibad, belief: {imagined: 0.4}}")
    (line,) = complain(MINIMAL, "algorithm={name: varibad, belief: {predicts: task, imagined: 0.4}}")
    assert line.endswith(
        ": algorithm.belief.imagined: must be 0 with 'predicts: task', since goals are imagined only where rewards are"
        " predicted"
    )


def test_a_trial_alone_cannot_be_told_from_others(load: Load, complain: Complain) -> None:
    algorithm, single = "algorithm={name: varibad}", "training.tasks_per_batch=1"
    load(MINIMAL, algorithm, single, "rollouts.episodes_per_task=2")
    load(MINIMAL, algorithm, "training.tasks_per_batch=2", "rollouts.episodes_per_task=1")
    load(MINIMAL, "algorithm={name: varibad, belief: {predicts: task}}", single, "rollouts.episodes_per_task=1")
    (line,) = complain(MINIMAL, algorithm, single, "rollouts.episodes_per_task=1")
    assert line.endswith(
        ": training.tasks_per_batch: must be at least 2 where rollouts.episodes_per_task is 1, since beliefs learn what"
        " trials differ in"
    )


@pytest.mark.parametrize(
    ("settings", "aids"),
    [
        ([], ()),
        (
            ["benchmark={name: ml1/push-v3, num_tasks: 1000, recombine: true}"],
            ("1000 training tasks instead of 50", "recombined training tasks"),
        ),
        (["algorithm={name: rl2, value: {name: privileged}}"], ("privileged goals for its value function",)),
        (["algorithm={name: rl2, value: {name: recurrent}}"], ()),
        (["algorithm={name: varibad, belief: {predicts: task}}"], ("privileged goals for its beliefs",)),
        (["algorithm={name: varibad}", "rollouts.sharpening={}"], ("sharpened rewards",)),
    ],
)  # fmt: skip
def test_an_experiment_says_what_it_uses_besides_the_usual_tasks(
    settings: list[str], aids: tuple[str, ...], load: Load
) -> None:
    assert load(MINIMAL, *settings).aids == aids


@pytest.mark.parametrize("part", ["outer", "belief"])
def test_no_step_of_a_belief_decays_too_soon(part: str, complain: Complain) -> None:
    algorithm = f"algorithm={{name: varibad, {part}: {{decay_iterations: 2}}}}"
    (line,) = complain(MINIMAL, algorithm, "training.iterations=3")
    assert line.endswith(f": algorithm.{part}.decay_iterations: {TOO_SOON}")


def test_recombined_tasks_are_as_many_as_their_pairs(load: Load, complain: Complain) -> None:
    load(MINIMAL, "benchmark.num_tasks=5", "benchmark.recombine=true", "training.tasks_per_batch=25")
    (line,) = complain(MINIMAL, "benchmark.num_tasks=5", "benchmark.recombine=true", "training.tasks_per_batch=26")
    assert "must be at most 25, the number of training tasks, not 26" in line


def test_reptile_s_steps_do_not_vanish_before_the_end(load: Load, complain: Complain) -> None:
    algorithm = "algorithm={name: reptile, outer: {decay_iterations: %d}}"
    load(MINIMAL, algorithm % 3)
    (line,) = complain(MINIMAL, algorithm % 2)
    assert line.endswith(f": algorithm.outer.decay_iterations: {TOO_SOON}")
    (line,) = complain(MINIMAL, "algorithm={name: reptile, outer: {name: adam}}")
    assert ": algorithm.outer.name: applies where algorithm.name is 'anil' or " in line


@pytest.mark.parametrize("written", ["0", "-0.1", ".inf", "true", "x", "[0.1]", "[0.2, 0.1]", "[0, 0.1]", "[1, 2, 3]"])
def test_learned_rates_start_from_a_number_or_a_range(written: str, load: Load, complain: Complain) -> None:
    key = "algorithm.inner.learning_rate"
    for right, expected in (("1", (1.0, 1.0)), ("[0.1, 2]", (0.1, 2.0))):
        algorithm: Any = load(MINIMAL, "algorithm.name=meta-sgd", f"{key}={right}").algorithm
        assert algorithm.inner.learning_rate == expected
    (line,) = complain(MINIMAL, "algorithm.name=meta-sgd", f"{key}={written}")
    assert f": {key}: must be a number greater than 0, or a range [low, high] of such, low first, not " in line


def test_built_in_sections_share_the_base_classes() -> None:
    assert issubclass(ML1Config, BenchmarkConfig)
    assert issubclass(MAMLConfig, AlgorithmConfig)
