"""Seeds of trouble: whatever dies, stops, fills up, is cut off or set wrong when, the tables equal exact
arithmetic over the distinct events sent.

Seeds are played in waves: one after the other, each while the chain still recovers from the one before; then
everything has to be exact. Sites carry their seed, so that a difference names it. A seed can be run alone,
or as it was run, after those before it:

    MOMENTS_SEEDS=37 pytest tests/system/faults/test_seeds.py
    MOMENTS_SEEDS=1-37 pytest tests/system/faults/test_seeds.py
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.system.faults.faulty import FaultyChain, faulty_chain
from tests.system.faults.plan import plan_of
from tests.system.faults.troubles import play
from tests.system.server_mode import opening, past

WAVE = 5
WAVES_A_CHAIN = 10
"""Then a new chain of processes begins, so that a soak can go on for ever."""
AUDIT_EVERY = 5


def waves() -> list[range]:
    """The seeds of `MOMENTS_SEEDS` (FIRST-LAST or one; 1-50 otherwise), a few at a time."""
    first, _, last = os.environ.get("MOMENTS_SEEDS", "1-50").partition("-")
    begin, end = int(first), int(last or first) + 1
    return [range(at, min(at + WAVE, end)) for at in range(begin, end, WAVE)]


def shown(wave: range) -> str:
    """The name of a wave's test."""
    return f"seeds {wave[0]}-{wave[-1]}"


class Chains:
    """The chain that waves run on, made anew after a failure and when it has served enough."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._stack = ExitStack()
        self._now_ms = past()
        self.used = 0
        self.whole: FaultyChain | None = None

    def take(self) -> tuple[FaultyChain, int]:
        """(a chain that runs, the time its streams end)."""
        if self.whole is None or self.used == WAVES_A_CHAIN:
            self.end()
            folder = self._folders.mktemp("faults")
            self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
            self.whole = self._stack.enter_context(faulty_chain(folder))
            self._now_ms = past()
            self.whole.take(opening(self._now_ms))
            self.used = 0
        self.used += 1
        return self.whole, self._now_ms

    def end(self, fault: BaseException | None = None) -> None:
        """All processes stop; after a fault at once."""
        self.whole = None
        ending, self._stack = self._stack, ExitStack()
        ending.__exit__(type(fault) if fault else None, fault, fault.__traceback__ if fault else None)


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chains]:
    chains = Chains(tmp_path_factory)
    yield chains
    chains.end()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("wave", waves(), ids=shown)
def test_troubles_leave_exact_tables(wave: range, chains: Chains) -> None:
    whole, now_ms = chains.take()
    plans = [plan_of(seed, now_ms) for seed in wave]
    played = 0
    try:
        for plan in plans:
            play(whole, plan)
            played += 1
        whole.derived()
        assert whole.differences() == []
        if chains.used % AUDIT_EVERY == 0 or wave == waves()[-1]:
            assert "everything holds" in whole.job("verify")
    except BaseException as fault:
        done = "\n".join(map(repr, plans[: played + 1]))
        fault.add_note(f"after {played} seeds of the wave, on a chain's wave {chains.used}:\n{done}")
        chains.end(fault)
        raise
