"""Seeds of trouble: whatever dies, stops, fills up, is cut off or set wrong when, the tables equal exact
arithmetic over the distinct events sent.

    MOMENTS_SEEDS=37 pytest tests/system/faults/test_seeds.py        one seed
    MOMENTS_SEEDS=401-450 pytest tests/system/faults/test_seeds.py   a range, in the same order every time
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

A_CHAIN = 50
"""Seeds that share one chain of processes; then a new one begins, so that a soak can go on for ever."""
AUDIT_EVERY = 10


def seeds() -> list[int]:
    """`MOMENTS_SEEDS`: FIRST-LAST or one; 1-50 otherwise."""
    first, _, last = os.environ.get("MOMENTS_SEEDS", "1-50").partition("-")
    return list(range(int(first), int(last or first) + 1))


class Chains:
    """The chain that seeds run on, made anew after a failure and when it has served enough."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._stack = ExitStack()
        self._now_ms = past()
        self.used = 0
        self.whole: FaultyChain | None = None

    def take(self) -> tuple[FaultyChain, int]:
        """(a chain that runs, the time its streams end)."""
        if self.whole is None or self.used == A_CHAIN:
            self.end()
            folder = self._folders.mktemp("faults")
            self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
            self.whole = self._stack.enter_context(faulty_chain(folder))
            self._now_ms = past()
            self.whole.take(opening(self._now_ms))
            self.used = 0
        self.used += 1
        return self.whole, self._now_ms

    def end(self) -> None:
        """All processes stop."""
        self.whole = None
        ending, self._stack = self._stack, ExitStack()
        ending.close()


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chains]:
    chains = Chains(tmp_path_factory)
    yield chains
    chains.end()


@pytest.mark.parametrize("seed", seeds())
def test_troubles_leave_exact_tables(seed: int, chains: Chains) -> None:
    whole, now_ms = chains.take()
    plan = plan_of(seed, now_ms)
    try:
        play(whole, plan)
        whole.derived()
        assert whole.differences() == [], plan
        if chains.used % AUDIT_EVERY == 0 or seed == seeds()[-1]:
            assert "everything holds" in whole.job("verify"), plan
    except BaseException as fault:
        fault.add_note(f"{plan}\nalone: MOMENTS_SEEDS={seed}; as here: MOMENTS_SEEDS=…-{seed}")
        chains.end()
        raise
