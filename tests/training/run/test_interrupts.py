"""Holding back Ctrl-C."""

from __future__ import annotations

import signal

import pytest

from batchwarp.training.run.interrupts import InterruptGate


def test_interrupt_gate_delays_ctrl_c_until_it_is_released():
    gate = InterruptGate()
    before = signal.getsignal(signal.SIGINT)
    reached = []

    def interrupted():
        with gate:
            gate.hold()
            signal.raise_signal(signal.SIGINT)
            reached.append("after the signal")
            gate.release()
            reached.append("after the release")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert reached == ["after the signal"]
    assert signal.getsignal(signal.SIGINT) is before


def test_interrupt_gate_lets_ctrl_c_through_when_open():
    def interrupted():
        with InterruptGate():
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
