from __future__ import annotations

import signal
import threading

import pytest

from tap_cxone.errors import Interrupted
from tap_cxone.signals import SignalHandler

SIGNALS = pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"]
)


@pytest.fixture(autouse=True)
def _own_handlers():
    """Give the process its own signal handlers back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nothing_noted(interrupts):
    """Without a signal nothing is raised."""
    interrupts.raise_if_interrupted()
    with interrupts.interruptible():
        pass


@SIGNALS
def test_signal_is_only_noted(interrupts, number):
    """A signal raises where the tap asks, not where it arrives."""
    interrupts.install()
    signal.raise_signal(number)

    with pytest.raises(Interrupted) as raised:
        interrupts.raise_if_interrupted()
    assert raised.value.code == 128 + number


@SIGNALS
def test_signal_raises_where_allowed(interrupts, number):
    """A signal raises at once where the tap waits."""
    interrupts.install()

    with pytest.raises(Interrupted) as raised, interrupts.interruptible():
        signal.raise_signal(number)
    assert raised.value.code == 128 + number


def test_noted_signal_raises_before_a_wait(interrupts):
    """A wait that comes after the signal does not begin."""
    interrupts.record(signal.SIGTERM)

    with pytest.raises(Interrupted), interrupts.interruptible():
        pytest.fail("the block was entered")


def test_second_signal_does_not_wait(interrupts):
    """A second signal raises wherever it arrives."""
    interrupts.record(signal.SIGINT)

    with pytest.raises(Interrupted):
        interrupts.record(signal.SIGINT)


def test_wait_over_nothing_allowed(interrupts):
    """After a wait a signal is only noted again."""
    with interrupts.interruptible():
        pass
    interrupts.record(signal.SIGTERM)

    with pytest.raises(Interrupted):
        interrupts.raise_if_interrupted()


def test_wait_that_failed_is_over(interrupts):
    """After a wait that ended with an error a signal is only noted, too."""
    with pytest.raises(KeyError), interrupts.interruptible():
        raise KeyError
    interrupts.record(signal.SIGTERM)

    with pytest.raises(Interrupted):
        interrupts.raise_if_interrupted()


def test_wait_inside_a_wait(interrupts):
    """The end of an inner wait leaves the outer one interruptible."""
    with interrupts.interruptible():
        with interrupts.interruptible():
            pass

        with pytest.raises(Interrupted):
            interrupts.record(signal.SIGTERM)


def test_other_threads_install_nothing(interrupts):
    """Only the main thread takes over the signals; another one leaves them, without an error."""
    before = signal.getsignal(signal.SIGTERM)
    problems = []

    def install():
        try:
            interrupts.install()
        except ValueError as error:
            problems.append(error)

    thread = threading.Thread(target=install)
    thread.start()
    thread.join()

    assert not problems
    assert signal.getsignal(signal.SIGTERM) is before


def test_two_are_independent():
    """What one run has noted does not interrupt another."""
    one, other = SignalHandler(), SignalHandler()
    one.record(signal.SIGTERM)

    other.raise_if_interrupted()
    with pytest.raises(Interrupted):
        one.raise_if_interrupted()
