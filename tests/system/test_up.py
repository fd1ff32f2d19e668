"""`moments up`: refusals first, then start, second start, crash of a part, end of the parent, clean stop."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.system.conftest import UpAndRunning, alive, eventually, moments

Start = Callable[..., UpAndRunning]


def site(code: str = "msk-04") -> dict:
    return event(
        f"site-{code}",
        "site.registered",
        {
            "region": "north",
            "kind": "restaurant",
            "timezone": "Europe/Moscow",
            "business_day_start": "04:00",
            "currency": "RUB",
        },
        code,
    )


def event(id_: str, type_: str, data: dict, site_: str = "msk-04") -> dict:
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "/tests",
        "type": f"moments.{type_}",
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "siteid": site_,
        "data": data,
    }


def visits(numbers: range) -> list[dict]:
    return [event(f"v-{n}", "visit.started", {"visit_id": f"v-{n}", "channel": "dine_in"}) for n in numbers]


def test_beyond_loopback_it_does_not_start_without_a_key(tmp_path: Path) -> None:
    refused = moments("up", "--host", "0.0.0.0", "--port", "0", data=tmp_path / "data")

    assert refused.returncode == 1
    assert refused.stderr.startswith("moments: refusing to listen on 0.0.0.0 without any key")
    assert refused.stderr.count("\n") == 1


def test_a_taken_address_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = moments("up", "--port", str(port), data=tmp_path / "data")

    assert refused.returncode == 1
    assert refused.stderr == f"moments: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [("MOMENTS_ACK", "kafka"), ("MOMENTS_CLICKHOUSE_URL", "http://u:p@127.0.0.1:8123/moments")],
)
def test_the_server_mode_is_refused_rather_than_ignored(tmp_path: Path, name: str, value: str) -> None:
    refused = moments("up", "--port", "0", data=tmp_path / "data", **{name: value})

    assert refused.returncode == 1
    assert name in refused.stderr
    assert "p@" not in refused.stderr


def test_a_part_that_cannot_start_ends_the_run(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "clickhouse").write_text("not a folder")
    refused = moments("up", "--port", "0", data=data)

    assert refused.returncode == 1
    assert "the core does not start" in refused.stderr.splitlines()[-1]


def test_the_first_start_shows_an_admin_key_once(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MOMENTS_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "moments", "up", "--port", "0", "--data", str(tmp_path / "data")],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            lines = []
            for line in process.stdout:
                lines.append(line.strip())
                if line.startswith("ready "):
                    break
            keys.append([line for line in lines if line.startswith("admin key ")])
            if keys[0]:
                key = keys[0][0].split()[2]
                headers = {"Authorization": f"Bearer {key}"}
                answer = httpx.get(f"{lines[-1].split()[1]}/v1/keys", headers=headers)
                assert answer.status_code == 200
            process.terminate()
            assert process.wait(timeout=40) == 0
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    assert len(keys[0]) == 1
    assert keys[1] == []
    assert all(key.encode() not in file.read_bytes() for file in (tmp_path / "data" / "log").iterdir())


SMALL_DISK = """
import os
from pathlib import Path
real = os.statvfs
def statvfs(path):
    free = real(path)
    if not Path(os.environ["DISK_IS_FULL"]).exists():
        return free
    return os.statvfs_result((*free[:4], (500 << 20) // free.f_frsize, *free[5:]))
os.statvfs = statvfs
"""


def test_too_little_free_disk_is_said_once_and_waited_out(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SMALL_DISK)
    full, err = tmp_path / "full", tmp_path / "err"
    full.touch()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MOMENTS_")}
    environment |= {"PYTHONPATH": str(tmp_path), "DISK_IS_FULL": str(full)}
    with err.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "moments", "up", "--port", "0", "--data", str(tmp_path / "data")],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        eventually(lambda: b"not ready yet" in err.read_bytes(), within_s=60)
        assert process.poll() is None
        full.unlink()
        assert any(line.startswith("ready ") for line in process.stdout)
        said = [line for line in err.read_text().splitlines() if "not ready yet" in line]
        assert said == ["moments: not ready yet: 500 MiB of disk are free, 1024 MiB must stay; waiting"]
        process.terminate()
        assert process.wait(timeout=40) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_platform_on_the_folder_is_one_clear_line(up: Start) -> None:
    platform = up()

    refused = platform.run("up", "--port", "0")

    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert f"a platform already runs on {platform.data} (process {platform.process.pid}" in refused.stderr
    assert platform.http.get("/healthz").status_code == 200


def test_the_run_file_is_its_owners_only_and_goes_with_the_run(up: Start) -> None:
    platform = up()
    run = platform.data / "run"
    document = json.loads((run / "platform.json").read_text())

    assert stat.S_IMODE((run / "platform.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    assert stat.S_IMODE((run / "core.sock").stat().st_mode) == 0o600
    assert (document["pid"], document["url"]) == (platform.process.pid, platform.url)

    platform.stop()
    assert not (run / "platform.json").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly_on_a_signal(up: Start, how: signal.Signals) -> None:
    platform = up()
    parts = [platform.part("door"), platform.part("core")]
    platform.send([site(), *visits(range(50))])

    assert platform.stop(how) == 0
    assert not any(map(alive, parts))


def test_parts_end_when_the_parent_is_killed_and_a_new_run_takes_over(up: Start) -> None:
    first = up()
    position = first.send([site(), *visits(range(50))])["position"]
    parts = [first.part("door"), first.part("core")]

    first.stop(signal.SIGKILL)
    eventually(lambda: not any(map(alive, parts)), within_s=30)
    second = up()

    assert second.ask("/v1/visits", limit=100, min_position=position)["rows"].__len__() == 50


def test_events_are_taken_while_the_core_restarts(up: Start) -> None:
    platform = up()
    platform.send([site()])
    core = platform.part("core")

    os.kill(core, signal.SIGKILL)
    summary = platform.send(visits(range(100)))
    assert (summary["accepted"], summary["rejected"]) == (100, 0)
    away = platform.http.get("/v1/status")
    if away.status_code != 200:
        assert away.status_code == 503
        assert away.headers["Retry-After"]
        assert away.headers["Content-Type"] == "application/problem+json"

    eventually(lambda: platform.http.get("/readyz").status_code == 200, within_s=60)
    rows = platform.ask("/v1/visits", limit=200, min_position=summary["position"])["rows"]
    assert len(rows) == 100
    assert platform.part("core") != core


def test_a_killed_door_comes_back_on_the_same_address_and_nothing_answered_is_lost(up: Start) -> None:
    platform = up()
    platform.send([site(), *visits(range(100))])
    door = platform.part("door")

    os.kill(door, signal.SIGKILL)

    def answers() -> bool:
        try:
            return platform.http.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    eventually(answers, within_s=60)
    again = platform.send(visits(range(110)))
    assert (again["accepted"], again["duplicate"]) == (10, 100)


def test_what_is_internal_is_not_passed_on(up: Start) -> None:
    platform = up()

    for path in ("/internal/verify", "/internal/rebuild", "//internal/verify", "/internal%2Fverify"):
        assert platform.http.post(path).status_code in {404, 405}, path


def test_the_door_and_core_speak_with_one_voice(up: Start) -> None:
    platform = up()
    platform.send([site()])
    metrics = platform.http.get("/metrics").text

    types = [line for line in metrics.splitlines() if line.startswith("# TYPE ")]
    assert len(types) == len(set(types))
    assert platform.http.get("/openapi.json").status_code == 200
    assert platform.http.get("/docs").status_code == 200
    assert platform.http.get("/nowhere").status_code == 404
    assert httpx.get(f"{platform.url}/v1/kpis").status_code == 401
