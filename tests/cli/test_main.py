import json
import subprocess
import sys

import pytest

from mlrun import __version__

VERBS = [
    *("train", "resume", "eval", "explain", "plot", "render", "report", "list-envs", "list-algos"),
    *("bench", "config", "runs", "doctor"),
]
GROUPED = [
    *(["config", verb] for verb in ("show", "validate", "schema")),
    *(["runs", verb] for verb in ("ls", "show", "compare", "export", "rm")),
]


def test_help_and_version_import_nothing_heavy():
    lines = [[], *([verb] for verb in VERBS), *GROUPED]
    code = f"""
import sys
from mlrun.cli import main
codes = [main(["--version"]), *(main([*line, "--help"]) for line in {lines})]
heavy = {{"torch", "mujoco", "numpy", "gymnasium", "yaml", "rich"}} & set(sys.modules)
assert not heavy, heavy
assert not any(codes), codes
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_listings_and_configs_need_no_torch(config):
    code = f"""
import sys
from mlrun.cli import main
codes = [main(["list-envs"]), main(["list-algos", "--json"]), main(["config", "validate", {str(config)!r}])]
codes.append(main(["runs", "ls", "--runs-dir", {str(config.parent)!r}]))
assert not {{"torch", "mujoco"}} & set(sys.modules)
assert codes == [0, 0, 0, 0], codes
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("verb", [[], *([verb] for verb in VERBS), *GROUPED])
def test_every_help_goes_to_stdout_and_ends_with_examples(mlrun, verb):
    outcome = mlrun(*verb, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert f"mlrun {' '.join(verb)}".strip() in outcome.out.split("Examples:")[1]


def test_version(mlrun):
    assert mlrun("--version").out == f"mlrun {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trian"], "Did you mean 'train'"),
        (["train"], "Missing argument 'CONFIG'"),
        (["train", "reach.yaml", "--sed", "3"], "No such option: --sed"),
        (["train", "reach.yaml", "--seed", "-1"], "error: '--seed': must be greater than or equal to 0"),
        (["train", "reach.yaml", "--seed", "one"], "error: '--seed': must be a valid integer"),
        (["train", "reach.yaml", "--device", "tpu"], "'tpu' is not one of"),
        (["train", "reach.yaml", "--set", "algorithm.inner.learning_rate=-1"], "algorithm.inner.learning_rate"),
        (["train", "reach.yaml", "--name", "a b"], "name: "),
        (["train", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["resume", "nothing"], "no run 'nothing'"),
        (["eval", "nothing"], "no run 'nothing'"),
        (["eval", "."], "has no config.yaml"),
        (["eval", "nothing", "--checkpoint", "first"], "error: --checkpoint must be 'best', 'last' or a number"),
        (["eval", "nothing", "--split", "both"], "'both' is not one of"),
        (["runs", "show", "nothing"], "no run 'nothing'"),
        (["runs", "rm", "nothing", "--yes"], "no run 'nothing'"),
        (["runs", "rm", "..", "--yes"], "nothing was deleted"),
        (["config", "show", "nowhere.yaml"], "nowhere.yaml: no such file"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2_and_leaves_nothing(mlrun, config, tmp_path, arguments, said):
    outcome = mlrun(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    [line] = outcome.err.splitlines()
    assert line.startswith("mlrun: error: ")
    assert said in line
    assert list(tmp_path.iterdir()) == [config]


@pytest.mark.parametrize("group", [[], ["config"], ["runs"]])
def test_a_bare_group_is_a_usage_error_that_shows_its_help(mlrun, group):
    outcome = mlrun(*group)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Commands:" in outcome.err


def test_debug_adds_the_traceback_wherever_it_stands(mlrun):
    for arguments in (["--debug", "resume", "nothing"], ["resume", "nothing", "--debug"]):
        outcome = mlrun(*arguments)
        assert outcome.code == 2
        assert "Traceback" in outcome.err
        assert outcome.err.splitlines()[-1].startswith("mlrun: error: ")


def test_an_unexpected_error_is_one_line_and_exit_code_1(mlrun, monkeypatch):
    def fail(*_):
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr("mlrun.registry.Registry.entries", fail)
    outcome = mlrun("list-algos")
    assert outcome.code == 1
    assert outcome.err == "mlrun: error: RuntimeError: first line (--debug shows where)\n"


@pytest.mark.parametrize("command", ["list-envs", "config schema"])
def test_a_reader_that_leaves_early_is_no_error(command):
    line = f"{sys.executable} -m mlrun {command} | true"
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("verb", "key", "name"), [("list-envs", "environments", "ml1/reach-v3"), ("list-algos", "algorithms", "maml")]
)
def test_listings_are_a_table_or_one_json_object(mlrun, verb, key, name):
    entries = json.loads(mlrun(verb, "--json").out)[key]
    assert name in [entry["name"] for entry in entries]
    table = mlrun(verb).out
    for entry in entries:
        assert any(line.startswith(entry["name"]) and entry["summary"] in line for line in table.splitlines())
