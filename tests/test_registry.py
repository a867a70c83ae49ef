import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from mlrun.registry import PluginError, Registry, UnknownNameError, closest_match


class Settings(BaseModel):
    size: int = 1


@pytest.fixture
def registry() -> Registry[Settings]:
    registry: Registry[Settings] = Registry("shape", Settings)
    registry.register("square", config=Settings, target="fractions:Fraction", summary="Four sides")
    registry.register("circle", config=Settings, target="nowhere.to_be_found:Circle", summary="No sides")
    return registry


def test_entry_and_target(registry: Registry[Settings]) -> None:
    entry = registry.entry("square")
    assert (entry.name, entry.config, entry.summary) == ("square", Settings, "Four sides")
    assert registry.load("square").__name__ == "Fraction"
    assert registry.names() == ["circle", "square"]


def test_the_end_of_a_name_stands_for_it_unless_it_is_a_name_or_the_end_of_another(
    registry: Registry[Settings],
) -> None:
    for name in ("flat/oval", "flat/square", "flat/star", "round/star"):
        registry.register(name, config=Settings, target="a:B", summary="")
    full = {name: registry.full_name(name) for name in ("oval", "flat/oval", "val", "square", "star", "moon")}
    assert full == {"oval": "flat/oval", "flat/oval": "flat/oval"} | {n: n for n in ("val", "square", "star", "moon")}


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


class TestOfferedByAPackage:
    MODULE = """
from tests.test_registry import Settings
loaded.append(__name__)
class Star:
    \"\"\"Many sides.\"\"\"
    config_model = Settings
    def __init__(self, config):
        self.size = config.size
class Blob:
    pass
"""

    @pytest.fixture
    def install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Registry[Settings]]:
        """Put a package with such entry points on the path, and make the registry anew."""

        def install(**points: str) -> Registry[Settings]:
            (tmp_path / "shapely_things.py").write_text("loaded = []" + self.MODULE)
            metadata = tmp_path / "shapely_things-1.2.dist-info"
            metadata.mkdir()
            (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shapely-things\nVersion: 1.2\n")
            lines = [f"{name} = {target}" for name, target in points.items()]
            (metadata / "entry_points.txt").write_text("\n".join(["[mlrun.shapes]", *lines]))
            monkeypatch.syspath_prepend(tmp_path)
            monkeypatch.delitem(sys.modules, "shapely_things", raising=False)
            registry: Registry[Settings] = Registry("shape", Settings, group="mlrun.shapes")
            registry.register("square", config=Settings, target="fractions:Fraction", summary="Four sides")
            return registry

        return install

    def test_it_is_used_like_any_other(self, install: Callable[..., Registry[Settings]]) -> None:
        registry = install(star="shapely_things:Star")
        entry = registry.entry("star")
        assert (entry.config, entry.summary) == (Settings, "Many sides.")
        assert registry.load("star")(Settings(size=7)).size == 7

    def test_it_is_loaded_only_when_it_is_named(self, install: Callable[..., Registry[Settings]]) -> None:
        registry = install(star="shapely_things:Star")
        assert registry.names() == ["square", "star"]
        assert registry.offered() == {"star": "shapely-things 1.2"}
        assert [entry.name for entry in registry.entries()] == ["square"]
        registry.load("square")
        with pytest.raises(UnknownNameError) as caught:
            registry.entry("stars")
        reason = "did you mean 'star'? (no installed package provides it; choices: 'square', 'star')"
        assert str(caught.value) == f"unknown shape 'stars'; {reason}"
        assert "shapely_things" not in sys.modules

    def test_it_cannot_take_a_name_that_is_there(self, install: Callable[..., Registry[Settings]]) -> None:
        registry = install(square="shapely_things:Star")
        with pytest.raises(PluginError, match=r"shape 'square' comes from mlrun and shapely-things 1\.2; uninstall"):
            registry.load("square")

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            ("shapely_things:Missing", "of shapely-things 1.2 cannot be loaded: AttributeError: "),
            ("no_such_module:Star", "of shapely-things 1.2 cannot be loaded: ModuleNotFoundError: "),
            ("shapely_things:Blob", "of shapely-things 1.2 lacks an attribute config_model that derives from Settings"),
        ],
    )
    def test_what_cannot_be_used_is_one_line(
        self, target: str, message: str, install: Callable[..., Registry[Settings]]
    ) -> None:
        with pytest.raises(PluginError) as caught:
            install(star=target).entry("star")
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
