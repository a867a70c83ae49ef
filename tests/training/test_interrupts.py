import os
import signal
import subprocess
import sys
import threading

import pytest

from mlrun.errors import Interrupted
from mlrun.interruption import interruption_point
from mlrun.training.interrupts import interrupts


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def number(request):
    return request.param


def send(number):
    os.kill(os.getpid(), number)


def test_a_signal_waits_for_an_interruption_point_and_says_which_it_was(number):
    with interrupts():
        interruption_point()
        send(number)
        with pytest.raises(Interrupted) as caught:
            interruption_point()
    assert caught.value.exit_code == 128 + number
    interruption_point()


def test_a_second_signal_ends_the_process_at_once(number):
    code = "import os, sys, mlrun.training.interrupts as i\nwith i.interrupts():\n"
    code += f"    os.kill(os.getpid(), {int(number)})\n    os.kill(os.getpid(), {int(number)})\n    print('still here')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (-number, "")
    assert "once more to stop at once" in done.stderr


def test_a_signal_can_ask_for_a_checkpoint_without_a_stop():
    saved = []
    with interrupts() as signals:
        signals.save = lambda: saved.append(1)
        interruption_point()
        assert saved == []
        send(signal.SIGUSR1)
        interruption_point()
        interruption_point()
    assert saved == [1]


def test_handlers_are_put_back(number):
    before = signal.getsignal(number)
    with interrupts():
        assert signal.getsignal(number) != before
    assert signal.getsignal(number) == before


def test_an_ignored_signal_stays_ignored(number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with interrupts():
            send(number)
            interruption_point()
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_a_nested_context_gives_the_same_interrupts(number):
    with interrupts() as outer:
        send(number)
        with interrupts() as inner, pytest.raises(Interrupted):
            interruption_point()
        assert inner is outer
        with pytest.raises(Interrupted):
            interruption_point()


def test_in_another_thread_nothing_is_installed():
    def run():
        with interrupts() as signals:
            signals.check()
            done.append(signal.getsignal(signal.SIGINT))

    done = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert done == [signal.getsignal(signal.SIGINT)]
