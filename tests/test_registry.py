import subprocess
import sys

import pytest
from pydantic import BaseModel

from mlrun.registry import Registry, UnknownNameError, closest_match


class Settings(BaseModel):
    size: int = 1


@pytest.fixture
def registry() -> Registry[Settings]:
    registry: Registry[Settings] = Registry("shape")
    registry.register("square", config=Settings, target="fractions:Fraction", summary="Four sides")
    registry.register("circle", config=Settings, target="nowhere.to_be_found:Circle", summary="No sides")
    return registry


def test_entry_and_target(registry: Registry[Settings]) -> None:
    entry = registry.entry("square")
    assert (entry.name, entry.config, entry.summary) == ("square", Settings, "Four sides")
    assert registry.load("square").__name__ == "Fraction"
    assert registry.names() == ["circle", "square"]


def test_target_may_be_a_method(registry: Registry[Settings]) -> None:
    registry.register("half", config=Settings, target="fractions:Fraction.from_float", summary="")
    assert registry.load("half")(0.5).denominator == 2  # pyright: ignore[reportArgumentType]


def test_target_is_imported_only_when_loaded(registry: Registry[Settings]) -> None:
    assert registry.entry("circle").config is Settings
    with pytest.raises(ModuleNotFoundError):
        registry.load("circle")


def test_duplicate_name_is_refused(registry: Registry[Settings]) -> None:
    with pytest.raises(ValueError, match="shape 'square' is already registered"):
        registry.register("square", config=Settings, target="a:B", summary="")
    assert registry.entry("square").summary == "Four sides"


@pytest.mark.parametrize("target", ["package.module", ":Class", "package:", ""])
def test_malformed_target_is_refused(registry: Registry[Settings], target: str) -> None:
    with pytest.raises(ValueError, match=r"package\.module:attribute"):
        registry.register("other", config=Settings, target=target, summary="")


def test_unknown_name_lists_choices_and_nearest(registry: Registry[Settings]) -> None:
    with pytest.raises(UnknownNameError) as caught:
        registry.entry("Sqare")
    assert str(caught.value) == "unknown shape 'Sqare'; did you mean 'square'? (choices: 'circle', 'square')"
    with pytest.raises(UnknownNameError) as caught:
        registry.load("xyz")
    assert str(caught.value) == "unknown shape 'xyz' (choices: 'circle', 'square')"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("learning-rate", "learning_rate"),
        ("STEPS", "steps"),
        ("lerning_rate", "learning_rate"),
        ("zzz", None),
        ("", None),
    ],
)
def test_closest_match(word: str, expected: str | None) -> None:
    assert closest_match(word, ["learning_rate", "steps"]) == expected


def test_registrations_import_neither_torch_nor_simulator() -> None:
    program = (
        "import sys, mlrun.config, mlrun.algorithms, mlrun.benchmarks\n"
        "print([name for name in ('torch', 'mujoco', 'gymnasium') if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"


def test_builtin_targets_can_be_loaded() -> None:
    from mlrun.algorithms import algorithms
    from mlrun.benchmarks import benchmarks

    for builtin in (algorithms, benchmarks):
        for name in builtin.names():
            assert callable(builtin.load(name))
