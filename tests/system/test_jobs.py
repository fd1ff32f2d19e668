"""verify and rebuild as jobs: of a running platform, straight after a load, and alone; and what they find."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.system.conftest import UpAndRunning, moments

Start = Callable[..., UpAndRunning]


def simulated(folder: Path) -> Path:
    file = folder / "chain.ndjson"
    arguments = (
        "--sites",
        "6",
        "--days",
        "2",
        "--visits",
        "20",
        "--seed",
        "3",
        "--until",
        "2026-03-01T00:00:00Z",
    )
    done = moments("simulate", *arguments, "--out", str(file))
    assert done.returncode == 0, done.stderr
    return file


def rows(answer: dict) -> list[dict]:
    """Every row of every measure, its numbers and its place; sums of floats add in another order after a
    rebuild."""
    names = ("value", "numerator", "denominator", "n", "lo", "hi")
    return [
        {name: row[name] if row[name] is not None else -1.0 for name in names}
        for measure in answer["results"]
        for row in measure["rows"]
    ]


def test_there_is_nothing_to_audit_without_a_log(tmp_path: Path) -> None:
    refused = moments("verify", data=tmp_path / "nowhere")

    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1] == f"moments: there is no log in {tmp_path / 'nowhere'}"
    assert not (tmp_path / "nowhere").exists()


def test_a_job_needs_an_admin_key_even_on_the_socket(up: Start) -> None:
    platform = up()
    transport = httpx.HTTPTransport(uds=str(platform.data / "run" / "core.sock"))

    with httpx.Client(transport=transport, base_url="http://core") as http:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            assert http.post("/internal/verify", headers=headers).status_code == 403


def test_everything_holds_straight_after_a_load_and_a_rebuild_changes_nothing(
    up: Start, tmp_path: Path
) -> None:
    platform = up()
    sent = platform.run("emit", str(simulated(tmp_path)), "--import")
    assert sent.returncode == 0, sent.stderr

    verified = platform.run("verify")
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.splitlines()[-1] == "everything holds"

    span = {"from": "2026-02-20", "to": "2026-03-02", "grain": "day", "min_position": sent.stdout.split()[-1]}
    before = platform.ask("/v1/kpis/ves,on_time,late_minutes", **span)
    rebuilt = platform.run("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "different" not in rebuilt.stdout
    after = platform.ask("/v1/kpis/ves,on_time,late_minutes", **span)
    assert rows(after) == [pytest.approx(row, rel=1e-9, abs=1e-9) for row in rows(before)]
    assert len(rows(after)) == 2 * 3  # two days, three measures

    platform.stop()
    alone = platform.run("verify")
    assert alone.returncode == 0, alone.stderr
    assert alone.stdout.splitlines()[-1] == "everything holds"


def test_verify_alone_brings_an_empty_store_level_with_the_log(up: Start, tmp_path: Path) -> None:
    import shutil

    platform = up()
    assert platform.run("emit", str(simulated(tmp_path)), "--import").returncode == 0
    platform.stop()
    shutil.rmtree(platform.data / "clickhouse")

    alone = platform.run("verify")

    assert alone.returncode == 0, alone.stderr
    with sqlite3.connect(platform.data / "log" / "events.db") as log:
        (facts,) = log.execute("SELECT count(*) FROM stored_events WHERE topic LIKE 'moments.%'").fetchone()
    log.close()
    assert alone.stdout.startswith(f"{facts:,} events derived afresh")
