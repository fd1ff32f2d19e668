"""A projector that dies between any two steps of a flush, and starts again, ends in the same tables."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from projections.compare import compare
from projections.store import Store
from tests.engines.projections.told import NOW, ListFeed, chain_records, exact_facts, projector_of

STEPS = (
    "1_subjects", "2_links", "4_events", "5_touch", "5_close", "5_stage", "5_derive", "5_write",
)  # fmt: skip


class Died(Exception):
    """In the place of the process's death."""


@pytest.mark.parametrize("step", STEPS)
def test_dying_after_each_step_of_every_third_flush_changes_nothing(store: Store, generation: str, step: str) -> None:
    # given a projector that dies after this step, time and again
    records = chain_records(STEPS.index(step) + 50, 300)
    left = {"alive": 0}

    def observe(name: str, _: float) -> None:
        left["alive"] -= name == step
        if left["alive"] < 0:
            left["alive"] = 2
            raise Died(name)

    # when a new one takes over each time, reading batches of another size
    deaths = 0
    while True:
        projector = projector_of(store, records, generation, batch=90 + 7 * deaths, observe=observe)
        try:
            projector.drain()
            break
        except Died:
            deaths += 1

    # then the facts are exact
    assert deaths >= 2
    facts, _ = exact_facts(records, projector.as_of)
    assert compare(store, generation, facts) == []


def test_events_read_again_after_a_crash_are_not_there_twice(store: Store, generation: str) -> None:
    # given a projector that died after the facts were written, before the place was
    records = chain_records(60, 300)

    def observe(name: str, _: float) -> None:
        if name == "5_write":
            raise Died(name)

    with pytest.raises(Died):
        projector_of(store, records, generation, batch=1_000, observe=observe).drain()

    # when another one starts from the stored place, with other batches
    projector_of(store, records, generation, batch=120).drain()

    # then each event is there once
    rows = store.rows(
        "SELECT count(), uniqExact(source, event_id) FROM $gen.events FINAL WHERE main = 1", gen=generation
    )
    assert rows == [(len(records), len(records))]


def test_rows_of_a_projector_that_lost_its_place_lose(store: Store, generation: str) -> None:
    # given a projector that stopped half-way, and a second one that took over and finished
    records = chain_records(61, 300)
    zombie = projector_of(store, records[:150], generation, batch=1_000)
    zombie.drain()
    successor = projector_of(store, records, generation, batch=1_000)
    successor.drain()

    # when the first one wakes up and derives what it knew
    zombie.sweep_to(zombie.as_of)
    zombie.flush(*_next(zombie, records[:150]))

    # then its rows are older than those of its successor, and so is its place
    facts, _ = exact_facts(records, successor.as_of)
    assert compare(store, generation, facts) == []
    resumed = projector_of(store, records, generation, batch=1_000)
    assert resumed.position() == {1: len(records)}


def _next(projector: object, records: list) -> tuple:  # type: ignore[type-arg]
    from projections.flush import Batch

    read = ListFeed(records).read({}, 1_000)
    return read, Batch.of(read.told)


_CHILD = """
import os, signal, sys
from projections.store import Store
from tests.engines.projections.told import chain_records, projector_of
path, step, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
left = [2]
def observe(name, seconds):
    left[0] -= name == step
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
projector_of(Store(path), chain_records(70, size), "g1", batch=80, observe=observe).drain()
"""


@pytest.mark.parametrize("step", ["2_links", "4_events", "5_write"])
def test_sigkill_in_the_middle_of_a_real_process(tmp_path: Path, step: str) -> None:
    # given a process killed with SIGKILL after this step of its third flush
    root = Path(__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-c", _CHILD, str(tmp_path / "store"), step, "400"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        timeout=120,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL

    # when a new process (of ours: this one) goes on
    store = Store(str(tmp_path / "store"))
    try:
        records = chain_records(70, 400)
        projector = projector_of(store, records, "g1", batch=500)
        assert 0 < projector.position()[1] < len(records)
        projector.drain()

        # then the facts are exact
        facts, _ = exact_facts(records, projector.as_of)
        assert projector.as_of >= NOW
        assert compare(store, "g1", facts) == []
    finally:
        store.close()
