"""Signals that end a command in order, and one that must not."""

import os
import signal
from collections.abc import Iterator

import pytest

from infra.early_ends import signals_as_interrupt


@pytest.fixture
def hangup() -> Iterator[None]:
    old = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, old)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.usefixtures("hangup")
def test_a_signal_is_an_interrupt(sign: signal.Signals) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with pytest.raises(KeyboardInterrupt), signals_as_interrupt():
        os.kill(os.getpid(), sign)


@pytest.mark.usefixtures("hangup")
def test_what_nohup_started_outlives_its_terminal() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_as_interrupt():
            os.kill(os.getpid(), signal.SIGHUP)
    except KeyboardInterrupt:  # which would end pytest, not this test
        pytest.fail("a hang-up has stopped what nohup started")
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
