import subprocess
import sys

import pytest

from mlrun.errors import Interrupted
from mlrun.runs.listing import summarise
from mlrun.runs.lock import is_locked, run_lock
from tests.run_results import make_run


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path)


def test_looking_at_the_lock_leaves_it_as_it_was(run):
    assert not is_locked(run.path)
    assert not (run.path / ".lock").exists()
    with run_lock(run.path):
        assert is_locked(run.path)
        assert is_locked(run.path)
    assert not is_locked(run.path)
    with pytest.raises(Interrupted), run.training():
        raise Interrupted(15)
    assert summarise(run.path).status == "interrupted"


def test_a_lock_waits_out_a_look_at_it(run):
    """A listing holds a shared lock for an instant; a run that starts just then must not be told that it is locked."""
    with run_lock(run.path):
        pass
    code = """
import fcntl, sys, time
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_SH)
print("locked", flush=True)
time.sleep(0.1)
"""
    command = [sys.executable, "-c", code, str(run.path / ".lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with run_lock(run.path):
            pass
