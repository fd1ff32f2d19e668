"""Real input through the real door: 10,012 deliveries, promised 30, 35 and 40 minutes; and the
demonstration chain."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.statistics import wilson
from tests.system.conftest import UpAndRunning, eventually, moments

ROOT = Path(__file__).parents[2]
Start = Callable[..., UpAndRunning]


def deliveries(window: int) -> bytes:
    return subprocess.run(
        [sys.executable, "-m", "examples.deliveries", "--window", str(window)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout


def test_of_10_012_real_deliveries_exactly_those_within_the_window_are_kept(platform: UpAndRunning) -> None:
    for window, kept in ((30, 7_323), (35, 9_089), (40, 9_709)):
        events = deliveries(window)
        sent = platform.run("emit", "-", "--import", stdin=events)
        assert sent.returncode == 0, sent.stderr
        assert sent.stdout.startswith("accepted 20025 · duplicate 0 · rejected 0 · position 1-")
        position = sent.stdout.split()[-1]

        answer = platform.ask(
            "/v1/kpis/on_time",
            **{
                "from": "2024-01-01",
                "to": "2025-01-02",
                "site": f"deliveries-{window}",
                "min_position": position,
            },
        )

        (row,) = answer["rows"]
        lo, hi = wilson(kept, 10_012)
        assert (row["n"], row["numerator"]) == (10_012, kept)
        assert row["value"] == pytest.approx(kept / 10_012, abs=1e-12)
        assert (row["lo"], row["hi"]) == (pytest.approx(lo, abs=1e-9), pytest.approx(hi, abs=1e-9))

        again = platform.run("emit", "-", "--import", stdin=events)
        assert again.stdout.startswith("accepted 0 · duplicate 20025 · rejected 0 · position 1-")


def test_the_demonstration_introduces_itself_with_a_true_sentence(up: Start) -> None:
    platform = up("--demo")

    said = eventually(
        lambda: re.search(r"^(\w+) owns (\d+) % .*$", platform.out.read_text(), re.MULTILINE), 150
    )

    text = platform.out.read_text()
    department, share = said[1], int(said[2])
    site = re.search(r"late minutes in (\S+);", said[0])[1]
    line = next(line for line in text.splitlines() if "/v1/shares" in line)
    url = re.search(r'"(http[^"]+)"', line)[1]
    key = re.search(r"MOMENTS_KEY=(\S+)", text)[1]
    answer = platform.http.get(f"{url}&site={site}", headers={"Authorization": f"Bearer {key}"}).json()
    owners = {row["department"]: row["share_bp"] for row in answer["rows"]}
    assert abs(owners[department] / 100 - share) <= 1
    assert platform.http.get("/v1/keys", headers={"Authorization": f"Bearer {key}"}).status_code == 403

    sites = platform.ask("/v1/sites")["rows"]
    assert (len(sites), len({site["region"] for site in sites})) == (20, 3)


def test_every_line_of_where_to_look_answers(up: Start) -> None:
    platform = up("--demo")
    text = eventually(lambda: "owns" in platform.out.read_text() and platform.out.read_text(), 150)
    key = re.search(r"MOMENTS_KEY=(\S+)", text)[1]

    urls = re.findall(r'curl -sH "[^"]+" "(http[^"]+)"', text)
    assert len(urls) == 4
    for url in urls:
        answer = platform.http.get(url, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200, url
        assert json.loads(answer.text)


def test_simulate_writes_the_same_bytes_for_the_same_seed() -> None:
    arguments = ("simulate", "--sites", "3", "--days", "1", "--seed", "5", "--until", "2026-03-01T00:00:00Z")

    assert moments(*arguments).stdout == moments(*arguments).stdout != ""
