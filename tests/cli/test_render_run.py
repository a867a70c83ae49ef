import shutil
from pathlib import Path

import numpy as np
import pytest

from mlrun.cli import main
from mlrun.extras import install_command

TINY_RUN = """
name: tiny
benchmark: {name: ml1/reach-v3, horizon: 12, num_tasks: 3}
algorithm: {name: maml}
policy: {hidden_sizes: [8]}
rollouts: {episodes_per_task: 2}
training: {iterations: 1, tasks_per_batch: 2}
evaluation: {episodes: 2}
"""
CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = ("--size", "240x60", "--fps", "10", "--speed", "4")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("trained")
    (directory / "tiny.yaml").write_text(TINY_RUN)
    assert main(["train", str(directory / "tiny.yaml"), "--runs-dir", str(directory / "runs")]) == 0
    [run] = (directory / "runs").iterdir()
    return run


@pytest.fixture
def run(trained, tmp_path) -> Path:
    """A copy of the run for each test. It can be found by its id too."""
    return shutil.copytree(trained, tmp_path / "runs" / trained.name, symlinks=True)


def picture(path: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def seconds(path: Path) -> float:
    from PIL import Image, ImageSequence

    with Image.open(path) as image:
        return sum(frame.info["duration"] for frame in ImageSequence.Iterator(image)) / 1000


def contains(whole: np.ndarray, part: np.ndarray) -> bool:
    """Whether a picture occurs somewhere in another one, pixel by pixel."""
    height, width, _ = part.shape
    for row in range(whole.shape[0] - height + 1):
        start = whole[row].tobytes().find(part[0].tobytes())
        if start >= 0 and (whole[row : row + height, start // 3 : start // 3 + width] == part).all():
            return True
    return False


@pytest.mark.usefixtures("gl")
def test_each_picture_of_a_pair_equals_the_film_of_its_policy_alone(mlrun, run, tmp_path):
    assert mlrun("render", run.name, "--task", 2, "--size", "240x60", "-o", "pair.png").code == 0
    pair, alone = picture(tmp_path / "pair.png"), {}
    for steps in (0, 1):
        options = ("--policy", run, "--steps", steps, "--task", 2, "--size", "240x60", "--camera", "close")
        assert mlrun("render", "reach-v3", *options, "-o", "alone.png").code == 0
        strip = picture(tmp_path / "alone.png")
        alone[steps] = strip[:, -240:]
        assert contains(pair, strip[:, :240])
        assert contains(pair, alone[steps])
    assert (alone[0] != alone[1]).any()
    assert not contains(pair[: len(pair) // 2], alone[1])
    assert not contains(pair[len(pair) // 2 :], alone[0])


@pytest.mark.usefixtures("gl")
@pytest.mark.parametrize("has_ffmpeg", [True, False])
def test_a_video_is_saved_in_the_run_and_is_reproducible(mlrun, run, monkeypatch, has_ffmpeg):
    monkeypatch.setattr("mlrun.analysis.films.files.has_ffmpeg", lambda: has_ffmpeg)
    file, videos = run / "videos" / f"before-after-task0.{'mp4' if has_ffmpeg else 'gif'}", []
    for _ in range(2):
        outcome = mlrun("render", run, *SMALL)
        assert outcome.code == 0, outcome.err
        assert outcome.out == f"{file}\n"
        assert outcome.err.count(install_command("video")) == (0 if has_ffmpeg else 1)
        assert [line.partition(":")[0] for line in outcome.err.splitlines()[-2:]] == [
            "test task 0 before adaptation",
            "test task 0 after adaptation",
        ]
        videos.append(file.read_bytes())
    assert list((run / "videos").iterdir()) == [file]
    assert videos[0] == videos[1]


@pytest.mark.usefixtures("gl")
def test_a_grid_shows_consecutive_tasks_after_one_adaptation(mlrun, run, tmp_path, monkeypatch):
    from mlrun.training import evaluation

    calls, adapt_run = [], evaluation.adapt_run
    monkeypatch.setattr(evaluation, "adapt_run", lambda *given, **named: calls.append(0) or adapt_run(*given, **named))
    outcome = mlrun("render", run, "--grid", 2, "--task", 1, "--split", "train", *SMALL, "-o", "grid.gif")
    assert outcome.code == 0, outcome.err
    assert len(calls) == 1
    adapting, *ended = outcome.err.splitlines()
    assert adapting == f"adapting {run} to its train tasks"
    assert [line.partition(" adaptation:")[0] for line in ended] == [
        f"train task {task} {when}" for task in (1, 2) for when in ("before", "after")
    ]
    assert seconds(tmp_path / "grid.gif") == pytest.approx(1.1)  # 12 steps pass within a frame, and the end stays
    height, width, _ = picture(tmp_path / "grid.gif").shape
    assert 2 * 240 < width < 2 * 240 + 60
    assert 2 * 60 < height < 2 * 60 + 180


@pytest.mark.usefixtures("gl")
@pytest.mark.parametrize("algorithm", ["{name: rl2, memory: {size: 4}}", "{name: varibad}"])
def test_of_a_learner_with_a_memory_it_shows_the_first_and_the_last_episode(mlrun, tmp_path, monkeypatch, algorithm):
    from mlrun.analysis.films import scoreboard

    written: list[str] = []
    draw_text = scoreboard._text
    monkeypatch.setattr(
        scoreboard,
        "_text",
        lambda lines, *rest: written.extend(part for line in lines for part in line) or draw_text(lines, *rest),
    )
    (tmp_path / "tiny.yaml").write_text(TINY_RUN)
    run = mlrun("train", "tiny.yaml", "--set", f"algorithm={algorithm}").out.strip()
    outcome = mlrun("render", run, *SMALL, "-o", "one.gif")
    assert outcome.code == 0, outcome.err
    assert [line.partition(":")[0] for line in outcome.err.splitlines()[-2:]] == [
        "test task 0 first episode",
        "test task 0 last episode",
    ]
    name = algorithm.split()[1].strip(",}")
    assert {f"{name} on reach-v3, test task 0, trial of 2 episodes", "first episode", "last episode"} <= {*written}
    written.clear()
    assert mlrun("render", run, "--grid", 2, "--steps", 2, *SMALL, "-o", "two.gif").code == 0
    assert {f"{name} on reach-v3, test tasks, trials of 3 episodes", "task 1, first", "task 1, last"} <= {*written}


def test_a_trial_of_one_episode_has_no_first_and_last(mlrun, tmp_path):
    (tmp_path / "short").mkdir()
    section = "algorithm: {name: rl2, trial: {episodes: 1}}"
    (tmp_path / "short" / "config.yaml").write_text(TINY_RUN.replace("algorithm: {name: maml}", section))
    outcome = mlrun("render", "short")
    assert outcome.code == 2
    assert "without adaptation there is no before and after" in outcome.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--policy", "expert"], "--policy needs an ENV"),
        (["--seed", "1"], "--seed needs an ENV"),
        (["--steps", "0"], "--steps must be at least 1"),
        (["--task", "3"], "--task and --grid ask for task 3; the last test task is 2"),
        (["--grid", "4", "--split", "train"], "ask for tasks 0 to 3; the last train task is 2"),
        (["--size", "160x120"], "--size must be at least 240 wide"),
        (["--grid", "3", "--size", "480x1800"], "makes a video of 960x5400 pixels"),
        (["-o", "a.png", "--speed", "1"], "--speed needs an .mp4 or .gif"),
        (["-o", "a.avi"], "--output must end in"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_simulated(mlrun, run, monkeypatch, arguments, said):
    monkeypatch.setattr("mlrun.cli.shared.film._load_mujoco", lambda: pytest.fail("too late"))
    outcome = mlrun("render", run, *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    [line] = outcome.err.splitlines()
    assert line.startswith("mlrun: error: ")
    assert said in line
    assert not (run / "videos").exists()


def test_a_run_whose_evaluation_does_not_adapt_is_refused(mlrun, run):
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("steps: null", "steps: 0"))
    outcome = mlrun("render", run)
    assert outcome.code == 2
    assert "without adaptation there is no before and after" in outcome.err


@pytest.mark.parametrize("name", ["navigation2d", "sinusoid"])
def test_a_run_without_a_scene_says_so(mlrun, tmp_path, name):
    (tmp_path / "flat").mkdir()
    shutil.copy(CONFIGS / f"maml_{name}.yaml", tmp_path / "flat" / "config.yaml")
    outcome = mlrun("render", "flat")
    assert (outcome.code, outcome.out) == (2, "")
    [line] = outcome.err.splitlines()
    assert f"flat: {name!r} has no scene to draw" in line


@pytest.mark.usefixtures("gl")
def test_a_run_that_has_no_checkpoint_yet_says_so(mlrun, run):
    shutil.rmtree(run / "checkpoints")
    outcome = mlrun("render", run)
    assert (outcome.code, outcome.out) == (2, "")
    assert "has no checkpoint 'last' yet" in outcome.err.splitlines()[-1]
    assert not (run / "videos").exists()


def test_without_a_graphics_library_nothing_is_adapted(mlrun, run, monkeypatch):
    monkeypatch.setattr("mlrun.rendering.gl_context.choose_backend", lambda: None)
    outcome = mlrun("render", run)
    assert (outcome.code, outcome.out) == (1, "")
    [line] = outcome.err.splitlines()
    assert "libegl1" in line
    assert not (run / "videos").exists()
