from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlrun.config import ConfigError, Experiment, Mistake, dump_experiment, load_experiment
from mlrun.config.algorithms import AdamConfig, InnerLoopConfig, MAMLConfig, TrustRegionConfig
from mlrun.config.benchmarks import ML1Config
from mlrun.config.schema import (
    EpisodicEvaluationConfig,
    EpisodicExperiment,
    PolicyConfig,
    RolloutsConfig,
    TrainingConfig,
)
from tests.config.conftest import MINIMAL, Complain, Load

SHIPPED = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))

MANY_MISTAKES = """\
name: a b
seed: 1e3
device: gpu
benchmark:
  name: ml1/reach-v3
  horizon: 0
  horizont: 4
algorithm:
  name: maml
  learning_rate: 0.1
  inner:
    learning_rate: -0.1
    steps: true
    steps: 3
  outer: 3
policy:
  hidden_sizes: [64, 0,
    x]
  min_std: 2
trainig: 1
training:
  tasks_per_batch: 51
  evaluate_every: "5"
evaluation:
gae_lambda: 0.9
rollouts:
  discount: 1.5
"""

THEIR_REPORT = """\
x.yaml:1: name: must be 1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit, not 'a b'
x.yaml:2: seed: must be a whole number, not 1e3; write 1000
x.yaml:3: device: must be 'auto', 'cpu' or 'cuda', not 'gpu'
x.yaml:6: benchmark.horizon: must be at least 1, not 0
x.yaml:7: benchmark.horizont: unknown key; did you mean 'horizon'?
x.yaml:10: algorithm.learning_rate: unknown key; did you mean 'algorithm.inner.learning_rate'?
x.yaml:12: algorithm.inner.learning_rate: must be greater than 0, not -0.1
x.yaml:13: algorithm.inner.steps: must be a whole number, not true
x.yaml:14: algorithm.inner.steps: the key is written twice (first on line 13); keep one of them
x.yaml:15: algorithm.outer: must be a section of 'key: value' lines, not 3
x.yaml:17: policy.hidden_sizes[1]: must be at least 1, not 0
x.yaml:18: policy.hidden_sizes[2]: must be a whole number, not 'x'
x.yaml:19: policy.min_std: must be below initial_std, which is 1.0, not 2.0
x.yaml:20: trainig: unknown key; did you mean 'training'?
x.yaml:21: training.iterations: missing; add this key (Meta-iterations in total, also for a resumed run)
x.yaml:22: training.tasks_per_batch: must be at most 50, the number of training tasks, not 51
x.yaml:23: training.evaluate_every: must be a whole number, not '5'; write 5
x.yaml:24: evaluation: must be a section of 'key: value' lines, not empty
x.yaml:25: gae_lambda: unknown key; did you mean 'rollouts.gae_lambda'?
x.yaml:27: rollouts.discount: must be at most 1, not 1.5
"""


def test_defaults_are_filled_in(load: Load) -> None:
    experiment = load(MINIMAL)
    assert experiment == EpisodicExperiment(
        benchmark=ML1Config(), algorithm=MAMLConfig(), training=TrainingConfig(iterations=3)
    )
    assert isinstance(experiment, EpisodicExperiment)
    assert isinstance(experiment.benchmark, ML1Config)
    assert isinstance(experiment.algorithm, MAMLConfig)
    assert experiment.policy.hidden_sizes == (64, 64)


def test_a_name_does_without_what_stands_before_its_last_part(load: Load) -> None:
    short = load(MINIMAL.replace("ml1/reach-v3", "reach-v3"))
    assert short == load(MINIMAL)
    assert dump_experiment(short) == dump_experiment(load(MINIMAL))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_experiments_are_valid_and_survive_a_round_trip(path: Path, load: Load) -> None:
    experiment = load_experiment(path)
    assert load(dump_experiment(experiment)) == experiment


def test_all_mistakes_are_reported_at_once_in_the_order_of_lines(complain: Complain) -> None:
    assert complain(MANY_MISTAKES) == THEIR_REPORT.splitlines()


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        (
            "{name: maml, outer: {name: adam, cg_iterations: 3}}",
            "algorithm.outer.cg_iterations: applies where algorithm.outer.name is 'trpo', not 'adam'",
        ),
        (
            "{name: promp, outer: {cg_iterations: 3}}",
            "algorithm.outer.cg_iterations: applies where algorithm.name is 'anil' or 'fomaml' or",
        ),
        ("{name: scratch, outer: {}}", "algorithm.outer: applies where algorithm.name is 'anil' or 'fomaml' or"),
        ("reptile", "algorithm: must be a section of 'key: value' lines; a name goes into algorithm.name"),
    ],
)
def test_key_that_belongs_to_another_name(algorithm: str, expected: str, complain: Complain) -> None:
    benchmark, training = "{name: ml1/reach-v3}", "{iterations: 3}"
    (line,) = complain(f"benchmark: {benchmark}\nalgorithm: {algorithm}\ntraining: {training}\n")
    assert line.removeprefix("x.yaml:2: ").startswith(expected)


@pytest.mark.parametrize("name", ["push-v3", "ml1/push-v3"])
def test_a_name_in_place_of_a_section_is_told_where_it_goes(name: str, complain: Complain) -> None:
    assert complain(MINIMAL, f"benchmark={name}") == [
        f"--set benchmark={name}: benchmark: must be a section of 'key: value' lines; a name goes into benchmark.name"
    ]


def test_keys_of_another_algorithm_are_one_mistake_with_a_file_to_start_from(
    complain: Complain, tmp_path: Path
) -> None:
    outer = "\n  outer:\n    max_kl: 0.01\n    cg_iterations: 5\n    clip_rnge: 1"
    text = MINIMAL.replace("name: maml", "name: maml" + outer)
    others = "'anil' or 'fomaml' or 'maml' or 'meta-sgd' or 'pretrain', not 'promp'"
    said = f"x.yaml:6: algorithm.outer: max_kl and cg_iterations apply where algorithm.name is {others}"
    misspelt = "x.yaml:8: algorithm.outer.clip_rnge: unknown key; did you mean 'clip_range'?"
    assert complain(text, "algorithm.name=promp") == [said, misspelt]
    (tmp_path / "promp_reach.yaml").touch()
    assert complain(text, "algorithm.name=promp") == [f"{said}; start from 'promp_reach.yaml'", misspelt]
    *_, overridden = complain(text, "algorithm.name=promp", "algorithm.outer.max_backtracks=3")
    assert overridden.endswith(f": algorithm.outer.max_backtracks: applies where algorithm.name is {others}")


def test_mistakes_can_be_read_by_a_program(load: Load, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load("seed: -1\n" + MINIMAL)
    source = str(tmp_path / "x.yaml")
    assert caught.value.mistakes == [Mistake(source, 1, "seed", "must be at least 0, not -1")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "x.yaml: is empty; an experiment needs at least the sections benchmark, algorithm and training"),
        ("# only a comment\n", "x.yaml: is empty; an experiment needs at least"),
        ("- 1\n- 2\n", "x.yaml:1: must consist of 'key: value' lines and sections, not a list"),
        ("hello", "x.yaml:1: must consist of 'key: value' lines and sections, not a single value"),
        (b"a: 1\nname: \xff", "x.yaml:2: not UTF-8 text: byte 0xff"),
        ("#" * 70_000, "x.yaml: is larger than 64 KiB"),
    ],
)
def test_text_that_is_no_experiment(text: str | bytes, expected: str, complain: Complain) -> None:
    (line,) = complain(text)
    assert line.startswith(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mamel.yaml", "no such file; did you mean '{directory}/maml.yaml'?"),
        ("zzzz", "no such file"),
        ("", "is a directory, not a YAML file"),
        ("maml.yaml/inside", "cannot be read: not a directory"),
        ("a\0b", "cannot be read: embedded null byte"),
        ("x" * 300, "cannot be read: file name too long"),
    ],
)
def test_file_that_cannot_be_read(name: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "maml.yaml").write_text(MINIMAL)
    with pytest.raises(ConfigError) as caught:
        load_experiment(tmp_path / name)
    assert caught.value.mistakes[0].message == expected.format(directory=tmp_path)


def test_endless_file_is_not_read_to_its_end() -> None:
    with pytest.raises(ConfigError, match="larger than"):
        load_experiment(Path("/dev/zero"))


def positive(maximum: float = 1e9) -> st.SearchStrategy[float]:
    return st.floats(0, maximum, exclude_min=True)


def counts(maximum: int = 10**12) -> st.SearchStrategy[int]:
    return st.integers(1, maximum)


@st.composite
def policies(draw: st.DrawFn) -> PolicyConfig:
    initial_std = draw(st.floats(1e-6, 1e9))
    sizes = draw(st.lists(counts(), min_size=1, max_size=8))
    return PolicyConfig(hidden_sizes=tuple(sizes), initial_std=initial_std, min_std=draw(positive(initial_std / 2)))


algorithms = st.builds(
    MAMLConfig,
    inner=st.builds(InnerLoopConfig, learning_rate=positive(), steps=counts(10)),
    outer=st.builds(AdamConfig, learning_rate=positive())
    | st.builds(
        TrustRegionConfig,
        max_kl=positive(),
        cg_iterations=counts(),
        cg_damping=st.floats(0, 1e9),
        backtrack_ratio=st.floats(0, 1, exclude_min=True, exclude_max=True),
        max_backtracks=counts(),
        curvature_stride=counts(),
    ),
)

experiments = st.builds(
    EpisodicExperiment,
    name=st.none()
    | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True)
    | st.sampled_from(["on", "1e3", "0x1"]),
    seed=st.integers(0, 2**32 - 1),
    device=st.sampled_from(["auto", "cpu", "cuda"]),
    threads=st.integers(0, 64),
    benchmark=st.builds(ML1Config, seed=st.integers(0, 2**32 - 2), horizon=counts(500)),
    algorithm=algorithms,
    policy=policies(),
    rollouts=st.builds(RolloutsConfig, episodes_per_task=counts(), discount=positive(1), gae_lambda=st.floats(0, 1)),
    training=st.builds(TrainingConfig, iterations=counts(), tasks_per_batch=counts(50), keep_checkpoints=counts()),
    evaluation=st.builds(EpisodicEvaluationConfig, episodes=counts(), steps=st.integers(0, 20)),
)

reuse_directory = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@reuse_directory
@given(experiment=experiments)
def test_dump_and_load_give_the_same_experiment(experiment: Experiment, load: Load) -> None:
    assert load(dump_experiment(experiment)) == experiment


def assert_loads_or_complains(load: Load, text: str | bytes, *overrides: str) -> None:
    try:
        load(text, *overrides)
        return
    except ConfigError as error:
        report = error
    assert len(str(report).splitlines()) == len(report.mistakes) > 0


@settings(reuse_directory, max_examples=150)
@given(data=st.data())
def test_damaged_text_gives_an_experiment_or_a_config_error(data: st.DataObject, load: Load) -> None:
    text = SHIPPED[0].read_text()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        piece = st.sampled_from(
            [*":-[]{}&*!|>'\"%@`#?,\t\n ~.\0\x85\u2028é", "<<: ", "- ", "0x", "null", "1e999", "? "]
        )
        text = text[:start] + data.draw(piece | st.text(max_size=6)) + text[end:]
    assert_loads_or_complains(load, text.encode("utf-8", "surrogatepass"))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(reuse_directory, max_examples=150)
@given(
    keys=st.lists(
        st.sampled_from(
            ["algorithm", "inner", "outer", "benchmark", "name", "policy", "hidden_sizes", "training", "seed", "0"]
        )
        | st.text(max_size=4),
        max_size=4,
    ),
    value=values.map(repr) | st.text(max_size=8),
)
def test_any_override_gives_an_experiment_or_a_config_error(keys: list[str], value: str, load: Load) -> None:
    assert_loads_or_complains(load, MINIMAL, f"{'.'.join(keys)}={value}", "algorithm.inner.steps=2")


def test_a_file_is_never_what_itself_should_start_from(tmp_path: Path) -> None:
    config = tmp_path / "promp_mine.yaml"
    config.write_text(MINIMAL.replace("name: maml", "name: promp\n  outer: {max_kl: 0.01}"))
    with pytest.raises(ConfigError) as caught:
        load_experiment(config)
    assert "start from" not in str(caught.value)
