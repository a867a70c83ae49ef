"""README.md and docs/*.md keep their word: their Python runs, their commands work, and their links lead somewhere."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main

from mlrun.cli import app, main
from mlrun.config import load_experiment

ROOT = Path(__file__).parents[1]
TEXTS = {
    str(page.relative_to(ROOT)): page.read_text(encoding="utf-8")
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}

# What is not run, by how the command begins, and why. It must parse nevertheless.
NOT_RUN = {
    "mlrun bench": "takes a minute or more, and some of it a GPU; tests/bench has its parts",
    "mlrun doctor": "takes 4 to 20 seconds, and its exit code is about this machine; tests/doctor has its parts",
    "mlrun train mine.yaml": "is the example of a file with mistakes, which has a test of its own",
    "make": "installs packages, trains for minutes or runs this suite",
    "pip install": "installs packages",
    "python tests/golden/": "takes minutes",
    "tensorboard": "is a server that does not end",
    ". .venv/bin/activate": "changes the shell that reads it",
}

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
COMMAND_TREE = typer.main.get_command(app)
PUNCTUATION = set("();<>|&")
PROGRAMS = ("mlrun", "make", "pip", "python", "tensorboard", ".")
MENTIONS_PROGRAM = re.compile(r"(?:^|[\s(/])(?:mlrun|make|pip|python|tensorboard|\.) +\S")


def blocks(text: str, *languages: str) -> list[str]:
    return [body for language, body in BLOCK.findall(text) if language in languages]


def prose(text: str) -> str:
    return BLOCK.sub("", text)


def shell_lines(text: str) -> list[str]:
    return "\n".join(blocks(text, "", "bash")).replace("\\\n", " ").splitlines()


def inline_code(text: str) -> list[str]:
    spans = re.findall(r"`([^`]+)`", prose(text)) + re.findall(r"`([^`\n]+)`", "\n".join(blocks(text, "")))
    return [" ".join(span.split()) for span in spans]


# Python


SNIPPETS = [
    pytest.param(snippet, page, id=f"{page}-{position}")
    for page, text in TEXTS.items()
    for position, snippet in enumerate(blocks(text, "python"))
]


@pytest.mark.parametrize(("snippet", "page"), SNIPPETS)
def test_a_snippet_runs(snippet: str, page: str) -> None:
    exec(compile(snippet, page, "exec"), {"__name__": "snippet"})


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) >= 5


def test_the_algorithm_of_ones_own_trains(tmp_path: Path) -> None:
    """A package is laid out as docs/plugins.md says, and found by its entry point."""
    page = TEXTS["docs/plugins.md"]
    (code,), (points,), (section,) = (blocks(page, kind) for kind in ("python", "toml", "yaml"))
    assert len(code.splitlines()) < 40
    ((name, target),) = tomllib.loads(points)["project"]["entry-points"]["mlrun.algorithms"].items()
    module = tmp_path.joinpath(*target.partition(":")[0].split(".")).with_suffix(".py")
    module.parent.mkdir()
    module.write_text(code)
    metadata = tmp_path / "my_package-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 0.1\n")
    (metadata / "entry_points.txt").write_text(f"[mlrun.algorithms]\n{name} = {target}\n")
    (tmp_path / "mine.yaml").write_text(f"benchmark: {{name: sinusoid}}\ntraining: {{iterations: 2}}\n{section}")

    def mlrun(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
        command = [sys.executable, "-m", "mlrun", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    assert "from my-package 0.1" in mlrun("list-algos")
    run = tmp_path / mlrun("train", "mine.yaml", "--set", "algorithm.outer.name=adam").strip()
    assert "adapting: weight" in (run / "config.yaml").read_text()
    assert (run / "checkpoints" / "last").exists()


# Commands


@dataclass(frozen=True)
class Command:
    """A command as a page has it.

    Attributes:
        program: its first word, without a directory.
        words: the others, without what the shell takes for itself.
    """

    program: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join([self.program, *self.words])

    @property
    def not_run(self) -> str | None:
        """The beginning in `NOT_RUN` that it has."""
        return next((beginning for beginning in NOT_RUN if str(self).startswith(beginning)), None)


def verb_of(words: Sequence[str]) -> tuple[Any, list[str]]:
    """The command in the tree that words name, and the words after it.

    Raises:
        LookupError: they name none.
    """
    command, rest = COMMAND_TREE, list(words)
    while subcommands := getattr(command, "commands", None):
        command = subcommands[rest.pop(0)]
    return command, rest


def with_argument(words: list[str]) -> list[str]:
    """A command line of mlrun, with an argument where it is a verb alone that needs one."""
    try:
        verb, rest = verb_of(words)
    except LookupError:
        return words  # a test says so
    return words if rest else words + [parameter.metavar for parameter in verb.params if parameter.required]


def commands_in(line: str, *, shell: bool) -> Iterator[Command]:
    """The commands of mlrun anywhere in a line, and of the other `PROGRAMS` where it begins.

    Args:
        line: code.
        shell: whether one can type it; in running text a verb alone is the name of a command.
    """
    line = re.sub(r"\bruns/(<id>|\d{8}-\d{6}-[\w-]+-s\d+-\w{4}\b)", "RUN", line.removeprefix("$ "))
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    simple_commands = itertools.groupby(lexer, key=lambda word: word == ":::" or set(word) <= PUNCTUATION)
    for words in [list(group) for ends, group in simple_commands if not ends]:
        words = list(itertools.dropwhile(re.compile(r"\w+=").match, words))
        programs = [word.removeprefix(".venv/bin/") for word in words]
        position = programs.index("mlrun") if "mlrun" in programs else 0
        rest = words[position + 1 :]
        if not rest or programs[position] not in PROGRAMS:
            continue
        if programs[position] == "mlrun" and (not shell or {"xargs", "parallel"} & set(words[:position])):
            rest = with_argument(rest)
        yield Command(programs[position], tuple(rest))


def all_commands() -> list[Command]:
    """Every distinct command of the pages."""
    found: dict[Command, None] = {}
    for text in TEXTS.values():
        for lines, shell in ((shell_lines(text), True), (inline_code(text), False)):
            for line in filter(MENTIONS_PROGRAM.search, lines):
                found |= dict.fromkeys(commands_in(line, shell=shell))
    return list(found)


COMMANDS = all_commands()
OF_MLRUN = [command for command in COMMANDS if command.program == "mlrun"]
OTHERS = [command for command in COMMANDS if command.program != "mlrun"]

# What a word that stands for something becomes; a pattern is looked up in the `workspace`.
PLACEHOLDERS = {
    "RUN": ["runs/*-maml-reach-*"],
    "RUN...": ["runs/*-maml-reach-*", "runs/*-meta-sgd-reach-*"],
    "$run": ["runs/*-maml-reach-*"],
    "RUN|ENV": ["reach-v3"],
    "ENV": ["reach-v3"],
    "CONFIG": ["configs/maml_reach.yaml"],
    "CONFIG...": ["configs/maml_reach.yaml", "configs/maml_push.yaml"],
    "[CONFIG]": ["configs/maml_reach.yaml"],
    "FILE": ["configs/maml_reach.yaml"],
    "FILE...": ["configs/maml_reach.yaml", "configs/maml_push.yaml"],
    "cfg.yaml": ["configs/maml_reach.yaml"],
    "mine.yaml": ["configs/maml_reach.yaml"],
}
VARIABLES = {"$rate": "0.005", "{1}": "0.005", "$seed": "1", "{2}": "1"}

# Experiments of which the `workspace` has a run, and their configurations.
TINY_RUNS = {
    "maml-reach": "configs/maml_reach.yaml",
    "meta-sgd-reach": "configs/meta_sgd_reach.yaml",
    "reptile-reach": "configs/reptile_reach.yaml",
    "rate-0.005": "configs/maml_reach.yaml",
}
TINY = {
    "training.iterations": 1,
    "training.tasks_per_batch": 2,
    "training.evaluate_every": 1,
    "training.checkpoint_every": 1,
}
TINY_EPISODES = {
    "benchmark.horizon": 12,
    "benchmark.num_tasks": 10,
    "rollouts.episodes_per_task": 2,
    "evaluation.episodes": 2,
}


def tiny(config: str) -> list[str]:
    """Options that let a configuration train within a second."""
    episodic = "rollouts" in load_experiment(ROOT / config).model_dump()
    settings = TINY | TINY_EPISODES if episodic else TINY
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


def quick(words: list[str]) -> list[str]:
    """Arguments that do not change what a command does, but how long it takes, and whether it asks."""
    if words[0] == "train":
        return tiny(words[1])
    if words[0] == "render":
        return ["--size", "240x60", "--fps", "1", "--speed", "100", "--horizon", "12"]
    return ["--yes"] if words[:2] == ["runs", "rm"] else []


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the configurations, and with tiny runs that are trained and evaluated."""
    directory = tmp_path_factory.mktemp("made")
    (directory / "configs").symlink_to(ROOT / "configs")
    with contextlib.chdir(directory), pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLRUN_RUNS_DIR", raising=False)
        for name, config in TINY_RUNS.items():
            assert main(["train", config, "--name", name, *tiny(config)]) == 0
        for run in sorted(Path("runs").iterdir()):
            assert main(["eval", str(run)]) == 0
    return directory


@pytest.fixture
def workspace(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy for one command, and the working directory."""
    copy = shutil.copytree(made, tmp_path / "workspace", symlinks=True)
    monkeypatch.chdir(copy)
    monkeypatch.delenv("MLRUN_RUNS_DIR", raising=False)
    return copy


def in_braces(word: str) -> list[str]:
    """The words that the shell makes of ``a{b,c}d``."""
    before, opening, rest = word.partition("{")
    choices, closing, after = rest.partition("}")
    if not (opening and closing):
        return [word]
    return [f"{before}{choice}{end}" for choice in choices.split(",") for end in in_braces(after)]


def real(word: str) -> list[str]:
    """A word as the shell would hand it on in a `workspace`, with something real in place of what stands for it."""
    for name, value in VARIABLES.items():
        word = word.replace(name, value)
    found: list[str] = []
    for choice in itertools.chain.from_iterable(map(in_braces, PLACEHOLDERS.get(word, [word]))):
        names = sorted(str(path) for path in Path().glob(choice)) if "*" in choice else [choice]
        assert names, f"nothing here is called {choice}"
        found += names
    return found


def arguments(command: Command) -> list[str]:
    """What comes after `mlrun`, to be run in a `workspace`."""
    return list(itertools.chain.from_iterable(map(real, command.words)))


def test_there_are_commands() -> None:
    verbs = {" ".join(command.words[: 2 if command.words[0] in ("runs", "config") else 1]) for command in OF_MLRUN}
    assert verbs >= {"train", "resume", "eval", "plot", "explain", "report", "render", "bench", "doctor", "list-envs"}
    assert verbs >= {"list-algos", "runs ls", "runs show", "runs rm", "runs compare", "runs export", "config show"}
    assert {command.program for command in OTHERS} == set(PROGRAMS) - {"mlrun"}
    assert {command.not_run for command in COMMANDS} >= NOT_RUN.keys()


@pytest.mark.parametrize("command", OF_MLRUN, ids=str)
def test_a_command_of_mlrun_parses(command: Command, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    verb, words = verb_of(arguments(command))
    values = verb.make_context(command.words[0], words).params
    if isinstance(values.get("config"), Path):
        load_experiment(values["config"], values["settings"] or ())


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("command", [command for command in OF_MLRUN if command.not_run is None], ids=str)
def test_a_command_of_mlrun_runs(
    command: Command, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    if command.words[0] == "render":
        request.getfixturevalue("gl")
    words = arguments(command)
    code = main([*words, *quick(words)])
    out, err = capsys.readouterr()
    assert code == 0, err
    assert out


@pytest.mark.parametrize("command", OTHERS, ids=str)
def test_another_command_has_what_it_names(command: Command) -> None:
    words = command.words
    if command.program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
        assert {word for word in words if "=" not in word} <= set(targets)
    if command.program == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        assert set(re.findall(r"\w+", "".join(re.findall(r"\.\[(.*)\]", str(command))))) <= extras.keys()
        assert all((ROOT / path).is_file() for option, path in itertools.pairwise(words) if option == "-c")
    if command.program == "python" and words[0] == "-c":
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, *words], env=environment, check=True, stdout=subprocess.PIPE)
        assert done.stdout
    elif command.program == "python":
        assert (ROOT / words[0]).is_file()


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize("page", ["docs/runs.md", "docs/sweeps.md"])
def test_what_was_stopped_is_resumed(workspace: Path, page: str) -> None:
    [line] = [line for line in shell_lines(TEXTS[page]) if "jq" in line]
    if "parallel" in line and shutil.which("parallel") is None:
        pytest.skip("GNU parallel is not installed")
    [stopped] = workspace.glob("runs/*-meta-sgd-reach-*")
    manifest = stopped / "run.json"
    manifest.write_text(manifest.read_text().replace('"finished"', '"interrupted"'))
    mlrun = workspace / "mlrun"
    mlrun.write_text(f"#!/bin/sh\n[ $1 = resume ] && echo $2 >> resumed || exec {sys.executable} -m mlrun $*\n")
    mlrun.chmod(0o755)
    environment = {**os.environ, "PATH": f"{workspace}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    subprocess.run(["bash", "-o", "pipefail", "-c", line], env=environment, check=True)
    assert (workspace / "resumed").read_text() == f"runs/{stopped.name}\n"


def test_the_mistakes_are_reported_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = TEXTS["docs/experiments.md"]
    [wrong], [shown] = blocks(page, "yaml"), [block for block in blocks(page, "") if "mlrun: error:" in block]
    Path("mine.yaml").write_text(wrong)
    command, _, errors = shown.partition("\n")
    assert command == "$ mlrun train mine.yaml"
    assert main(["train", "mine.yaml"]) == 2
    assert capsys.readouterr() == ("", errors)
    assert not Path("runs").exists()


# Links


def anchors(text: str) -> set[str]:
    """What a page's headings are called in links, by the rules of GitHub."""
    headings = re.findall(r"^#+ (.*)$", prose(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", prose(TEXTS[page]))
    for link in map("".join, links):
        if re.match(r"\w+://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.is_file(), f"{page} links to {link}"
        assert target.resolve().is_relative_to(ROOT)
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{page} links to {link}"


@pytest.mark.parametrize("page", TEXTS)
def test_files_that_are_named_exist(page: str) -> None:
    named = re.findall(r"(?<![\w/:.-])(?:configs|docs|mlrun|tests|tools)/[\w./*<>-]+(?:\.\w+|/)", TEXTS[page])
    for name in named:
        assert list(ROOT.glob(re.sub("<.*?>", "*", name))), f"{page} names {name}"


@pytest.mark.parametrize("index", ["README.md", "docs/README.md"])
def test_every_page_is_on_the_map(index: str) -> None:
    links = re.findall(r"\]\(([\w./]+\.md)\)", TEXTS[index])
    linked = {((ROOT / index).parent / link).resolve() for link in links}
    assert linked >= {ROOT / page for page in TEXTS if not page.endswith("README.md")}


def test_the_front_page_is_short() -> None:
    assert len(TEXTS["README.md"].splitlines()) <= 200
