"""Doing to a chain what a plan says, in the middle of sending."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Final

from tests.system.faults.faulty import FaultyChain, Sender
from tests.system.faults.network import Fault
from tests.system.faults.plan import ADDS_A_PARTITION, Plan, Trouble
from tests.system.server_mode import until

_FAULT_S = 2.0
"""How long a link is waited for that carries too little to fail."""


def play(whole: FaultyChain, plan: Plan) -> None:
    """Sends the events of the plan and does its troubles meanwhile; everything runs again when it returns."""
    whole.take(plan.first)
    if plan.by_file:
        _by_file(whole, plan)
    else:
        sender = Sender(whole, plan.events)
        for trouble in plan.troubles:
            sender.reached(trouble.after)
            time.sleep(trouble.delay_s)
            _DO[trouble.kind](whole, trouble)
        sender.reached(len(plan.events))
    if plan.seed % 50 == ADDS_A_PARTITION:
        whole.add_partition()
    whole.calm()


def _by_file(whole: FaultyChain, plan: Plan) -> None:
    """The whole stream as one file through `moments emit`, twice, while the troubles happen."""
    faults: list[BaseException] = []

    def send() -> None:
        try:
            whole.emit(plan.events, times=2)
        except BaseException as fault:  # noqa: BLE001 - raised below, in the thread of the test
            faults.append(fault)

    sending = threading.Thread(target=send, name="emit")
    sending.start()
    try:
        for trouble in plan.troubles:
            time.sleep(trouble.delay_s)
            _DO[trouble.kind](whole, trouble)
    finally:
        whole.calm()
        sending.join()
    if faults:
        raise faults[0]
    whole.sent += plan.events


def _kill(whole: FaultyChain, trouble: Trouble) -> None:
    if trouble.whom == "broker":
        whole.broker.kill()
        whole.broker.start()
        return
    part = whole.named(trouble.whom)
    part.kill()
    part.start()


def _pause(whole: FaultyChain, trouble: Trouble) -> None:
    """What is stopped goes on, with all it holds to be true."""
    if trouble.whom == "broker":
        whole.broker.pause()
        time.sleep(trouble.seconds)
        whole.broker.resume()
        return
    part = whole.named(trouble.whom)
    part.send(signal.SIGSTOP)
    time.sleep(trouble.seconds)
    part.send(signal.SIGCONT)


def _leave(whole: FaultyChain, trouble: Trouble) -> None:
    part = whole.named(trouble.whom)
    part.end()
    part.start()


def _network(whole: FaultyChain, trouble: Trouble) -> None:
    link = whole.links[trouble.whom]
    link.arm(Fault(trouble.kind, trouble.after_bytes, trouble.seconds))
    deadline = time.monotonic() + _FAULT_S
    while link.armed and time.monotonic() < deadline:
        time.sleep(0.02)


def _disk(whole: FaultyChain, trouble: Trouble) -> None:
    """Full for a while. A broker that gives up on its disk is started again by its supervisor."""
    disk = whole.disks[trouble.whom]
    process = whole.broker.process if trouble.whom == "broker" else whole.named(_WRITER[trouble.whom]).process
    assert process is not None
    disk.fill(process.pid)
    time.sleep(trouble.seconds)
    disk.free()
    if trouble.whom == "broker":
        whole.restart_broker()


def _clock(whole: FaultyChain, trouble: Trouble) -> None:
    """A restart with a wrong clock; then it jumps to the other side in the running process."""
    whole.mislead(trouble.whom, int(trouble.seconds))
    time.sleep(trouble.delay_s)
    whole.mislead(trouble.whom, -int(trouble.seconds))


def _join(whole: FaultyChain, trouble: Trouble) -> None:
    """A third projector takes its share and leaves it again, by itself or by being killed."""
    before = whole.third.said("projecting")
    whole.third.start()
    until(lambda: whole.third.said("projecting") > before, 90, whole.third.told)
    time.sleep(trouble.delay_s)
    if trouble.killed:
        whole.third.kill()
    else:
        whole.third.end()


def _resend(whole: FaultyChain, trouble: Trouble) -> None:
    """All that was ever answered for comes once more, in a file, over a connection that may break."""
    if trouble.after_bytes:
        whole.links["door"].arm(Fault("cut", trouble.after_bytes))
    whole.emit(list(whole.sent))


_WRITER: Final = {"door": "door", "clickhouse": "front"}
_DO: Final[dict[str, Callable[[FaultyChain, Trouble], None]]] = {
    "kill": _kill,
    "pause": _pause,
    "leave": _leave,
    "cut": _network,
    "half": _network,
    "stall": _network,
    "disk": _disk,
    "clock": _clock,
    "join": _join,
    "resend": _resend,
}
