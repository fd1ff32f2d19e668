"""Every generated file as path and text; writing them again changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from domain.dictionary import LANGUAGES
from grafana.boards import BOARDS
from grafana.dashboard import dashboard
from grafana.provisioning import provisioning
from grafana.texts import Texts
from grafana.theme import Json

HERE = Path(__file__).parent


def dashboards() -> Iterator[tuple[str, str, Json]]:
    """(language, slug, model) of every board."""
    for language in LANGUAGES:
        texts = Texts(language)
        for slug, board in BOARDS.items():
            yield language, slug, dashboard(board(texts), texts)


def text_of(model: Json) -> str:
    """A model as it is committed: readable, in the order it was made."""
    return json.dumps(model, ensure_ascii=False, indent=1) + "\n"


def generated() -> dict[str, str]:
    """Relative path to text of everything that is generated."""
    files = {f"dashboards/{language}/{slug}.json": text_of(model) for language, slug, model in dashboards()}
    return files | provisioning()


def stale(folder: Path = HERE) -> list[str]:
    """Files of the folder that differ from what is generated now, are missing, or are no longer generated."""
    wanted = generated()
    there = {
        str(file.relative_to(folder))
        for pattern in ("dashboards/*/*.json", "provisioning/*/*.yaml")
        for file in folder.glob(pattern)
    }
    changed = [
        name
        for name, text in wanted.items()
        if name not in there or (folder / name).read_text(encoding="utf-8") != text
    ]
    return sorted({*changed, *(there - wanted.keys())})


def write(folder: Path = HERE) -> list[str]:
    """Brings the folder up to date; the names of the files that changed."""
    changed = stale(folder)
    wanted = generated()
    for name in changed:
        file = folder / name
        if name in wanted:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(wanted[name], encoding="utf-8")
        else:
            file.unlink()
    return changed
