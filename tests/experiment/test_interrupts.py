import os
import signal
import threading

import pytest

from mlrun.experiment.errors import Interrupted
from mlrun.experiment.interrupts import interrupts


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def number(request):
    return request.param


def send(number):
    os.kill(os.getpid(), number)


def test_a_signal_waits_for_the_check_and_says_which_it_was(number):
    with interrupts() as signals:
        signals.check()
        send(number)
        assert signals.requested == number
        with pytest.raises(Interrupted) as caught:
            signals.check()
    assert caught.value.exit_code == 128 + number


def test_a_second_signal_does_not_wait(number):
    with interrupts():
        send(number)
        with pytest.raises(Interrupted):
            send(number)


def test_handlers_are_put_back(number):
    before = signal.getsignal(number)
    with interrupts():
        assert signal.getsignal(number) != before
    assert signal.getsignal(number) == before


def test_an_ignored_signal_stays_ignored(number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with interrupts() as signals:
            send(number)
            signals.check()
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)


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
