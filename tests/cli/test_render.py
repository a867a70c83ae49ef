import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

TINY_RUN = """
benchmark: {name: ml1/reach-v3, horizon: 12, num_tasks: 3}
algorithm: {name: maml}
policy: {hidden_sizes: [8]}
rollouts: {episodes_per_task: 2}
training: {iterations: 1, tasks_per_batch: 2}
evaluation: {episodes: 2}
"""
TINY = ("--size", "32x32", "-o", "a.png")
SMALL = ("--size", "64x48", "--horizon", "8")


@pytest.mark.usefixtures("gl")
@pytest.mark.parametrize("extension", ["mp4", "gif", "png"])
def test_stdout_is_the_file_and_stderr_the_outcome(mlrun, tmp_path, extension):
    file = f"out.{extension}"
    (tmp_path / file).write_text("old")
    outcome = mlrun("render", "reach-v3", *SMALL, "-o", file)
    assert (outcome.code, outcome.out) == (0, f"{file}\n")
    assert "no success; return " in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == [file]
    assert (tmp_path / file).read_bytes() != b"old"


@pytest.mark.usefixtures("gl")
@pytest.mark.parametrize(
    ("arguments", "has_ffmpeg", "file"),
    [
        (["push-v3", "--task", 3], True, "push-v3-task3-expert.mp4"),
        (["ml1/reach-v3", "--split", "train", "--policy", "random"], False, "reach-v3-train-task0-random.gif"),
    ],
)
def test_the_default_file_is_in_the_working_directory_and_named_after_what_it_shows(
    mlrun, tmp_path, monkeypatch, arguments, has_ffmpeg, file
):
    monkeypatch.setattr("mlrun.analysis.films.files.has_ffmpeg", lambda: has_ffmpeg)
    outcome = mlrun("render", *arguments, *SMALL)
    assert (outcome.code, outcome.out) == (0, f"{file}\n")
    assert outcome.err.count("[video]") == (0 if has_ffmpeg else 1)
    assert [path.name for path in tmp_path.iterdir()] == [file]


@pytest.mark.usefixtures("gl")
def test_slow_drawing_shows_its_progress(mlrun, monkeypatch):
    monkeypatch.setattr("mlrun.cli.shared.progress.SECONDS_BETWEEN_LINES", 0)
    outcome = mlrun("render", "reach-v3", *SMALL, "-o", "a.png")
    assert (outcome.code, outcome.out) == (0, "a.png\n")
    assert [line.split()[:2] for line in outcome.err.splitlines()[:-1]] == [["step", f"{step}/8"] for step in (2, 4, 6)]


@pytest.mark.usefixtures("gl")
def test_every_option_changes_the_picture(mlrun, tmp_path):
    options = ["", "--task 1", "--split train", "--policy random", "--policy random --seed 1", "--camera close"]
    for index, given in enumerate(options):
        assert mlrun("render", "push-v3", *SMALL, *given.split(), "-o", f"{index}.png").code == 0
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == len(options)


@pytest.mark.usefixtures("gl")
def test_a_run_acts_as_its_evaluation_scores_it(mlrun, tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY_RUN)
    run = mlrun("train", "tiny.yaml").out.strip()
    scores = json.loads(mlrun("eval", run, "--json").out)["per_task"][2]["by_step"]
    for steps in (0, 1):
        outcome = mlrun("render", "reach-v3", "--policy", run, "--task", 2, "--steps", steps, *TINY)
        assert outcome.code == 0, outcome.err
        assert f"return {scores[steps]['return']:.1f} in 12 control steps" in outcome.err
    outcome = mlrun("render", "reach-v3", "--policy", run, "--size", "32x32")
    assert outcome.out == f"reach-v3-task0-{Path(run).name}.mp4\n"
    outcome = mlrun("render", "push-v3", "--policy", run, "-o", "a.png")
    assert (outcome.code, outcome.out) == (2, "")
    assert "the run was trained on 'ml1/reach-v3', not on 'ml1/push-v3'" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reach", "-o", "a.mp4"], "'reach' is neither a benchmark nor a run; did you mean 'reach-v3'?"),
        (["ml1/pushv3", "-o", "a.mp4"], "did you mean 'ml1/push-v3'?"),
        (["navigation2d", "-o", "a.mp4"], "'navigation2d' has no scene to draw"),
        (["20261123-000000-lost", "-o", "a.mp4"], "no benchmark is called '20261123-000000-lost', and there is no run"),
        (["folder.png", "-o", "a.mp4"], "folder.png is not a run directory: it has no config.yaml"),
        (["reach-v3", "-o", "a.avi"], "--output must end in .mp4, .gif, .png, not 'a.avi'"),
        (["reach-v3", "-o", "nowhere/a.mp4"], "'nowhere/a.mp4'"),
        (["reach-v3", "-o", "folder.png"], "'folder.png'"),
        (["reach-v3", "-o", "a.mp4", "--size", "640"], "--size must be like 640x480"),
        (["reach-v3", "-o", "a.mp4", "--size", "8x9999"], "not '8x9999'"),
        (["reach-v3", "-o", "a.mp4", "--size", "641x480"], "--size must be even"),
        (["reach-v3", "-o", "a.gif", "--fps", "40"], "--fps of a gif must be 50, 25, 20"),
        (["reach-v3", "-o", "a.gif", "--task", "50"], "--task must be at most 49"),
        (["reach-v3", "-o", "a.gif", "--policy", "exprt"], "neither 'expert' nor 'random'"),
        (["reach-v3", "-o", "a.gif", "--steps", "0"], "--steps needs a RUN"),
        (["reach-v3", "-o", "a.gif", "--grid", "4"], "--grid needs a RUN"),
        (["reach-v3", "-o", "a.gif", "--seed", "0"], "--seed needs 'random' as the --policy"),
        (["reach-v3", "-o", "a.png", "--fps", "40"], "--fps needs an .mp4 or .gif"),
        (["reach-v3", "-o", "a.PNG", "--speed", "1"], "--speed needs an .mp4 or .gif"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_simulated(mlrun, tmp_path, monkeypatch, arguments, said):
    monkeypatch.setattr("mlrun.cli.shared.film._load_mujoco", lambda: pytest.fail("too late"))
    (tmp_path / "folder.png").mkdir()
    outcome = mlrun("render", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    [line] = outcome.err.splitlines()
    assert line.startswith("mlrun: error: ")
    assert said in line
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


def test_a_run_with_more_threads_than_cores_is_refused(mlrun, tmp_path, monkeypatch):
    monkeypatch.setattr("mlrun.cli.shared.film._load_mujoco", lambda: pytest.fail("too late"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text("threads: 1024\n" + TINY_RUN)
    outcome = mlrun("render", "reach-v3", "--policy", "run", "-o", "a.png")
    assert (outcome.code, outcome.out) == (2, "")
    assert "not 1024" in outcome.err


@pytest.mark.usefixtures("gl")
@pytest.mark.parametrize("extension", ["mp4", "gif"])
def test_sigterm_leaves_the_old_file_and_nothing_else(mlrun, tmp_path, monkeypatch, extension):
    from mlrun.rendering.renderer import Renderer

    half_written = []

    def strike(*_):
        half_written.extend(path.name for path in tmp_path.glob("*.tmp"))
        if half_written:
            os.kill(os.getpid(), signal.SIGTERM)
        return np.zeros((48, 64, 3), dtype=np.uint8)

    monkeypatch.setattr(Renderer, "frame", strike)
    file = tmp_path / f"out.{extension}"
    file.write_text("old")
    before = signal.signal(signal.SIGTERM, own := lambda *_: None)
    try:
        outcome = mlrun("render", "reach-v3", *SMALL, "-o", file.name)
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)
    assert half_written
    assert (outcome.code, outcome.out, outcome.err) == (143, "", "mlrun: error: interrupted by SIGTERM\n")
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_text() == "old"


@pytest.mark.usefixtures("gl")
def test_an_unknown_camera_is_a_usage_error(mlrun, tmp_path):
    outcome = mlrun("render", "reach-v3", "-o", "a.png", "--camera", "clos")
    assert outcome.code == 2
    assert "unknown camera 'clos'; did you mean 'close'?" in outcome.err
    assert not list(tmp_path.iterdir())


def test_without_a_graphics_library_one_line_says_what_to_install(mlrun, tmp_path, monkeypatch):
    monkeypatch.setattr("mlrun.rendering.gl_context.choose_backend", lambda: None)
    outcome = mlrun("render", "reach-v3", "-o", "a.png")
    assert (outcome.code, outcome.out) == (1, "")
    [line] = outcome.err.splitlines()
    assert "libegl1" in line
    assert not list(tmp_path.iterdir())
