"""SIGKILL in the middle of a flush, in a process of its own: the next one ends in the same tables.

A module of its own, since a process holds one chDB folder at a time.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from projections.compare import compare
from projections.store import Store
from tests.engines.projections.told import NOW, chain_records, exact_facts, projector_of

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
