import json
import os
import sys
from importlib import metadata

import pytest

from mlrun.doctor import BROKEN, NOTE, OK, Finding, examine
from mlrun.doctor.machine import granted_cores
from mlrun.doctor.packages import check_extras, check_packages, check_pins, check_python
from mlrun.doctor.simulation import DrawingProcess, check_simulation
from mlrun.doctor.storage import check_storage


@pytest.fixture
def drawing(monkeypatch):
    """Replaces the program that draws by a program of one line."""

    def start(program):
        monkeypatch.setattr("mlrun.doctor.simulation._DRAWING_COMMAND", [sys.executable, "-c", program])
        return DrawingProcess()

    return start


def by_subject(findings):
    return {finding.subject: finding for finding in findings}


def test_here_nothing_essential_is_broken_and_nothing_is_left_behind(tmp_path, drawing, monkeypatch):
    monkeypatch.setattr("mlrun.doctor.DrawingProcess", lambda: drawing("print('drawn')"))
    findings = list(examine(tmp_path))
    assert [finding for finding in findings if finding.status == BROKEN] == []
    assert {"python", "packages", "torch", "cores", "gpu", "mujoco", "scene", "rendering", "locks"} <= {
        finding.subject for finding in findings
    }
    assert all(finding.remedy for finding in findings if finding.status != OK)
    assert all("\n" not in finding.text + finding.remedy for finding in findings)
    assert list(tmp_path.iterdir()) == []


def test_a_check_that_raises_an_error_does_not_hide_the_others(tmp_path, drawing, monkeypatch):
    def fail():
        raise ZeroDivisionError("oh\nno")
        yield

    monkeypatch.setattr("mlrun.doctor.DrawingProcess", lambda: drawing("print('drawn')"))
    monkeypatch.setattr("mlrun.doctor.check_torch", fail)
    found = by_subject(examine(tmp_path))
    assert (found["torch"].status, found["torch"].text) == (BROKEN, "ZeroDivisionError: oh")
    assert found["scene"].status == OK


@pytest.mark.parametrize(
    ("program", "status", "said"),
    [
        ("print('drawn with egl')", OK, "drawn with egl"),
        ("import os; os.abort()", NOTE, "crashed with SIGABRT"),
        ("raise RuntimeError('no display')", NOTE, "no display"),
        ("import sys; sys.exit(7)", NOTE, "exit code 7"),
        ("import time; time.sleep(60)", NOTE, "no frame was drawn"),
    ],
)
def test_every_failure_of_the_graphics_driver_is_one_line(drawing, monkeypatch, program, status, said):
    if "sleep" in program:
        monkeypatch.setattr("mlrun.doctor.simulation._DRAWING_TIMEOUT", 0.0)
    with drawing(program) as process:
        [finding] = process.check()
    assert finding.status == status
    assert said in finding.text
    assert "\n" not in finding.text


def test_a_frame_is_drawn(gl):
    with DrawingProcess() as process:
        [finding] = process.check()
    assert finding.status == OK, finding


def test_a_runs_directory_that_does_not_exist_is_not_made(tmp_path):
    found = by_subject(check_storage(tmp_path / "a" / "runs"))
    assert found["runs directory"].status == OK
    assert list(tmp_path.iterdir()) == []


def test_a_runs_directory_that_cannot_be_written_is_broken(tmp_path):
    (tmp_path / "file").touch()
    found = by_subject(check_storage(tmp_path / "file"))
    assert found["runs directory"].status == BROKEN
    assert "--runs-dir" in found["runs directory"].remedy
    assert "locks" not in found


@pytest.mark.parametrize(("exit_code", "status"), [(0, BROKEN), (1, NOTE), (3, OK)])
def test_locks_that_do_not_work_are_found(tmp_path, monkeypatch, exit_code, status):
    monkeypatch.setattr("mlrun.doctor.storage._TRY_LOCK", f"import sys; sys.exit({exit_code})")
    assert by_subject(check_storage(tmp_path))["locks"].status == status


@pytest.mark.parametrize(("free", "status"), [(5e9, OK), (1e9, NOTE), (1e6, BROKEN)])
def test_little_free_space_is_found(tmp_path, monkeypatch, free, status):
    usage = os.statvfs_result([0] * 10)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": free}))
    monkeypatch.setattr("os.statvfs", lambda _: usage)
    assert by_subject(check_storage(tmp_path))["disk"].status == status


def test_files_dated_by_another_clock_are_found(tmp_path, monkeypatch):
    now = os.stat(tmp_path).st_mtime + 1e6
    monkeypatch.setattr("time.time", lambda: now)
    assert by_subject(check_storage(tmp_path))["clock"].status == NOTE


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("files", "granted"),
    [
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "200000 100000\n"}, 2.0),
        ({"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "max 100000\n"}, None),
        (
            {
                "proc/self/cgroup": "3:cpu,cpuacct:/job\n2:memory:/job\n",
                "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "50000\n",
                "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            0.5,
        ),
        ({}, None),
    ],
)
def test_the_limits_of_control_groups_are_found(tmp_path, files, granted):
    for name, text in files.items():
        write(tmp_path / name, text)
    assert granted_cores(tmp_path) == granted


def test_packages_are_those_of_the_project_file():
    [finding] = check_packages()
    assert finding.status == OK
    assert f"torch {metadata.version('torch')}" in finding.text
    assert "pytest" not in finding.text
    assert by_subject(check_python())["python"].status == OK
    assert by_subject(check_extras()).keys() >= {"extra video", "extra dev"}


@pytest.fixture
def versions(monkeypatch):
    """Versions that the test pretends are installed; None stands for a missing package."""
    different: dict[str, str | None] = {}
    real = metadata.version

    def version(name):
        found = different.get(name, "") or real(name)
        if name in different and different[name] is None:
            raise metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr("importlib.metadata.version", version)
    return different


def test_what_is_missing_or_too_old_is_named_with_the_command_that_installs_it(versions):
    versions.update(mujoco="3.3.0", rich=None, pillow=None)
    [finding] = check_packages()
    assert finding.status == BROKEN
    assert finding.text == "mujoco is 3.3.0, not >=4.0, rich is missing"
    assert "-m pip install" in finding.remedy
    extra = by_subject(check_extras())["extra video"]
    assert (extra.status, extra.text) == (NOTE, "pillow is missing")
    assert "[video]" in extra.remedy


def test_the_other_project_of_this_name_is_found(versions):
    versions["mlrun"] = "1.7.0"
    assert [finding.status for finding in check_packages()] == [OK, BROKEN]


def test_versions_that_are_not_the_pinned_ones_are_named(versions):
    versions["mujoco"] = "4.0.1"
    for finding in check_pins():  # nothing without a checkout
        assert finding.status == NOTE
        assert "mujoco 4.0.1 instead of 4.0.0" in finding.text


def test_a_physics_that_does_not_load_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco.batch", None)
    [finding] = check_simulation()
    assert (finding.subject, finding.status) == ("mujoco", BROKEN)


@pytest.mark.parametrize(("status", "code"), [(OK, 0), (NOTE, 0), (BROKEN, 1)])
def test_the_command_fails_only_where_something_is_broken(monkeypatch, capfd, tmp_path, status, code):
    from mlrun.cli import main

    finding = Finding("thing", "text", status, "remedy" if status != OK else "")
    monkeypatch.setattr("mlrun.doctor.examine", lambda _: [finding])
    assert main(["doctor", "--runs-dir", str(tmp_path)]) == code
    [line] = capfd.readouterr().out.splitlines()
    assert line.split()[:3] == [status, "thing", "text" if status == OK else "text;"]
    assert main(["doctor", "--json"]) == code
    shown = json.loads(capfd.readouterr().out)
    assert shown["ok"] == (code == 0)
    assert shown["findings"] == [vars(finding)]
