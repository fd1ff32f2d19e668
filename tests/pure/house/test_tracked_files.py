"""What is committed works on any machine: no path of one, no registry's address, no secret, no unfinished
word."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TEXT = {".py", ".sql", ".md", ".toml", ".json", ".yml", ".yaml", ".sh", ".lock", ".cfg", ""}
# The patterns are put together here so that this file does not contain what it looks for.
MACHINE_PATH = re.compile(r"/(?:wo" + r"rk|ro" + r"ot|home/\w+|farm)/")
REGISTRY = re.compile(
    r"https?://[a-z0-9.-]*(?:py" + r"pi|pythonhosted|npm" + r"js|ma" + r"ven|crates\.io)[a-z0-9.-]*"
)
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file() and Path(name).suffix in TEXT]


def found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for file in tracked()
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize(
    "pattern", [MACHINE_PATH, REGISTRY, UNFINISHED], ids=["path", "registry", "unfinished"]
)
def test_no_tracked_file_contains_it(pattern: re.Pattern[str]) -> None:
    assert found(pattern) == []


def test_locked_versions_are_exact_and_carry_no_address() -> None:
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if line]

    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[^\s;@]+", line) for line in lines)


def test_every_dependency_is_locked() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[A-Za-z0-9-]+", each)[0].lower().replace("-", "_") for each in wanted}
    locked = {
        line.split("==")[0].lower().replace("-", "_")
        for line in (ROOT / "requirements.lock").read_text().splitlines()
    }

    assert names - locked == set()


def test_nothing_is_tracked_that_a_run_leaves_behind() -> None:
    assert [file for file in tracked() if file.parts[len(ROOT.parts)] in {"data", ".venv", "build"}] == []
