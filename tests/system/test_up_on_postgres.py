"""`moments up` with its log in PostgreSQL: the same platform; two of them on one log show the same chain."""

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engines.postgres import Postgres, running
from tests.system.conftest import UpAndRunning, eventually, moments
from tests.system.test_up import site, visits


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


@pytest.fixture
def settings(postgres: Postgres, tmp_path: Path) -> str:
    """The address of an empty database, in the moments.toml of the folder the platforms are started in."""
    url = postgres.emptied()
    (tmp_path / "moments.toml").write_text(f'log_url = "{url}"\nlog_no = 7\n')
    return url


def test_a_wrong_address_or_an_absent_server_is_one_line(tmp_path: Path) -> None:
    wrong = moments("up", "--port", "0", data=tmp_path / "data", MOMENTS_LOG_URL="mysql://u:secret@h/d")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "MOMENTS_LOG_URL: this value is not allowed; allowed: postgresql://" in wrong.stderr
    nowhere = "postgresql://u:secret@127.0.0.1:1/d"
    away = moments("serve", "door", "--port", "0", data=tmp_path / "data", MOMENTS_LOG_URL=nowhere)
    assert away.returncode == 1
    assert "postgresql://127.0.0.1:1/d: connection failed" in away.stderr
    assert "secret" not in away.stderr


@pytest.mark.timeout(300)
def test_two_platforms_on_one_log_show_the_same_chain(
    up: Callable[..., UpAndRunning], settings: str, tmp_path: Path
) -> None:
    one = up(data=tmp_path / "one")
    (tmp_path / "two" / "vault").mkdir(parents=True)
    shutil.copy(tmp_path / "one" / "vault" / "vault.key", tmp_path / "two" / "vault")
    two = up(data=tmp_path / "two")

    assert one.send([site()])["position"] == "7-1"
    assert two.send(visits(range(50)))["accepted"] == 50
    told = one.send(visits(range(40, 60)))
    assert (told["accepted"], told["duplicate"]) == (10, 10)
    for each in (one, two):
        rows = each.ask("/v1/visits", min_position=told["position"], limit=100)["rows"]
        assert len(rows) == 60

    # and after the end of one, whose door the other was not
    two.stop(signal.SIGKILL)
    again = up(data=tmp_path / "two")
    assert again.send(visits(range(60)))["duplicate"] == 60
    verified = eventually(lambda: again.run("verify", MOMENTS_LOG_URL=settings), 60)
    assert "everything holds" in verified.stdout, verified.stdout + verified.stderr
