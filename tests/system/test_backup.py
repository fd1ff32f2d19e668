"""The drill of docs/operations.md, word for word: back up while tills send, lose all, restore, go on."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from ingest.log.reader import LogReader
from tests.doorway import event, registration
from tests.system.conftest import UpAndRunning, eventually

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
NOW = (datetime.now(UTC) - timedelta(hours=1)).isoformat()


def as_the_page_says(drill: str, data: Path, backup: Path) -> str:
    """Runs a block of the page in bash, with `moments` on the PATH and the two folders named."""
    (block,) = re.findall(rf"<!-- drill: {drill} -->\n```bash\n(.*?)```", PAGE, re.DOTALL)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MOMENTS_")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        env={
            **inherited,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "MOMENTS_DATA": str(data),
            "BACKUP": str(backup),
        },
        cwd=data.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(number: int) -> dict[str, Any]:
    data = {"moment": "seating", "outcome": "met", "visit_id": f"v-{number}", "customer_ref": "emma"}
    return event(f"e-{number}", time=NOW, data=data)


class Till(threading.Thread):
    """Sends without a pause and remembers what was answered for."""

    def __init__(self, platform: UpAndRunning) -> None:
        super().__init__(daemon=True)
        self._platform = platform
        self.answered = 0
        self.ends = threading.Event()

    def run(self) -> None:
        while not self.ends.is_set():
            batch = [told(number) for number in range(self.answered, self.answered + 5)]
            answer = self._platform.send(batch)
            assert answer["accepted"] == 5, answer
            self.answered += 5


def surrogates(data: Path) -> dict[str, str]:
    """By event of the till, what stands for its customer."""
    with closing(LogReader(data / "log" / "events.db")) as reader:
        records = [record for _, record in reader.read(0, 100_000).records if record.id.startswith("e-")]
    return {record.id: msgspec.json.decode(record.data)["customer_ref"] for record in records}


def test_nothing_answered_before_a_backup_is_lost_with_the_machine(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    platform = UpAndRunning(data)
    platform.send([registration()], **{"import": "true"})
    refused = platform.send([event("wrong", time=NOW, data={"moment": "seating"})])
    assert refused["rejected"] == 1
    key = platform.run("keys", "create", "till", "--role", "ingest").stdout.split()[-1]

    # given a till that sends all the time, when a backup is taken and the machine is lost
    till = Till(platform)
    till.start()
    eventually(lambda: till.answered >= 20)
    before = till.answered
    assert "backed up" in as_the_page_says("back up", data, backup)
    after = till.answered
    eventually(lambda: till.answered > after)
    till.ends.set()
    till.join()
    platform.stop(signal.SIGKILL)
    eventually(lambda: _gone(data))
    shutil.rmtree(data)

    # then the copy holds everything answered before it was begun
    assert "restored" in as_the_page_says("restore", data, backup)
    kept = surrogates(data)
    assert kept.keys() >= {f"e-{number}" for number in range(before)}
    again = UpAndRunning(data)
    try:
        # and what is sent again is a duplicate where the copy has it, and taken in where it has not
        events = [told(number) for number in range(till.answered)]
        answers = [again.send(events[start : start + 100]) for start in range(0, len(events), 100)]
        assert sum(answer["duplicate"] for answer in answers) == len(kept)
        assert sum(answer["accepted"] for answer in answers) == till.answered - len(kept)
        assert not any(result["conflict"] for answer in answers for result in answer["results"])
        # and the vault knows Emma, the dead letter and the key are there, and the tables equal the log
        assert len(set(surrogates(data).values())) == 1
        letters = again.ask("/v1/dead-letters")["rows"]
        assert [letter["id"] for letter in letters] == ["wrong"]
        sent = again.http.post("/v1/events", json=told(0), headers={"Authorization": f"Bearer {key}"})
        assert sent.json()["duplicate"] == 1
        verified = again.run("verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert "everything holds" in verified.stdout
    finally:
        again.stop()


def _gone(data: Path) -> bool:
    """Whether no process has the log open any more: the children of a killed platform end by themselves."""
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(str(data) in str(entry.readlink()) for entry in folder.iterdir()):
                return False
        except OSError:
            continue
    return True
