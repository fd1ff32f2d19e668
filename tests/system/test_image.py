"""What the Dockerfile copies is a whole platform: installed from exactly those files, it starts.

No container engine runs here: the steps of the Dockerfile are followed by hand, with the packages of this
environment in place of the image's (the same lock).
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

_TELL = """
import moments, grafana.build, projections.store as store, moments.cli.grafana as boards
print(moments.__file__, boards.__file__)
print(*sorted(file.relative_to(store.SQL).as_posix() for file in store.SQL.rglob("*.sql")))
"""


def test_the_image_s_files_alone_install_and_start(tmp_path: Path) -> None:
    source, installed = tmp_path / "src", tmp_path / "installed"
    source.mkdir()
    for words in re.findall(r"^COPY (?!--)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        *paths, target = words.split()
        for path in paths:
            goal = Path(target.replace("/src", str(source), 1))
            if (ROOT / path).is_dir():
                shutil.copytree(ROOT / path, goal, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / path, source)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-build-isolation", "--no-index", "--target", installed, source),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    # given the installed files before those of this checkout
    told = subprocess.run(
        [sys.executable, "-c", _TELL],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout.splitlines()
    assert all(name.startswith(str(installed)) for name in told[0].split())
    here = sorted(
        file.relative_to(ROOT / "projections").as_posix() for file in (ROOT / "projections").rglob("*.sql")
    )
    assert told[1].split() == here
    helped = subprocess.run(
        [sys.executable, "-m", "moments", "config"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed), "MOMENTS_DATA": "/data"},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    assert "/data" in helped
