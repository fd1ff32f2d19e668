"""A version with other tables takes over while everything runs, and gives back: docs/operations.md, Upgrade.

The other version is a copy of this one whose table of poison has one column more: another shape.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from projections.generations import Generations
from tests.system.server_mode import ROOT, Chain, Part, opening, story, until
from tests.system.unstarted import end, unstarted


def other_version(folder: Path) -> Path:
    """The code of a version whose generations have another shape."""
    for name in ("domain", "ingest", "projections", "api", "grafana", "moments"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    table = folder / "projections" / "schema" / "generation" / "14_poison.sql"
    changed = re.sub(r"\n\)\nENGINE", ",\n    noted String DEFAULT ''\n)\nENGINE", table.read_text())
    assert changed != table.read_text()
    table.write_text(changed)
    return folder


def of_other_version(part: Part, code: Path, log: Path) -> Part:
    """The same part, run by the other version's code."""
    arguments = ["-P", *part._arguments[1:]]  # -P: the working directory's code stays out
    return Part(part.name, arguments, {**part.environment, "PYTHONPATH": str(code)}, log)


class Upgraded(Chain):
    """A chain judged by what is live now, whichever version made it."""

    @property
    def generation(self) -> str:
        return Generations(self.store).refresh(any_shape=True)


@pytest.mark.timeout(400)
def test_another_shape_is_derived_beside_and_taken_over_and_given_back(tmp_path: Path) -> None:
    code = other_version(tmp_path / "v2")
    with unstarted(tmp_path) as whole:
        whole.__class__ = Upgraded
        del whole.projectors[1:]
        whole.start()
        new = [of_other_version(part, code, tmp_path / f"new-{part.name}.log") for part in whole.projectors]
        new_api = of_other_version(whole.api, code, tmp_path / "new-api.log")
        try:
            first, events = story(8, 80)
            quarter = len(events) // 4
            whole.take([*opening(), *first])
            whole.take(events[:quarter])
            whole.derived()
            assert whole.generation == "g1"

            # when the new version rebuilds, then its tables are live, and the old processes stay with theirs
            told = subprocess.run(
                [sys.executable, "-P", "-m", "moments", "rebuild"],
                env=new[0].environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert told.returncode == 0, told.stderr
            assert "live now: g2" in told.stdout
            whole.take(events[quarter : 2 * quarter])
            whole.derived()  # asked of the old API
            assert whole.generation == "g2"
            assert "projecting g2" not in whole.projectors[0].told()

            # when the new version's processes take over, then nothing is missing from its tables
            for old, part in zip([*whole.projectors, whole.api], [*new, new_api], strict=True):
                old.end()
                assert old.process.returncode == 0  # drained, not broken off
                part.start()
            until(lambda: whole.answers(whole.api_url), 60, new_api.told)
            whole.take(events[2 * quarter : 3 * quarter])
            whole.derived()
            assert whole.differences() == []
            assert "projecting g2" in new[0].told()

            # when the old version is gone back to, then it goes on with the tables that it left
            for part, old in zip([*new, new_api], [*whole.projectors, whole.api], strict=True):
                part.end()
                old.start()
            until(lambda: whole.answers(whole.api_url), 60, whole.api.told)
            until(lambda: whole.generation == "g1", 30, whole.projectors[0].told)
            whole.take(events[3 * quarter :])
            whole.derived()
            assert whole.differences() == []
        finally:
            for part in (*new, new_api):
                end(part)

