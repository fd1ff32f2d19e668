"""Bringing a Grafana to what it should hold. Asked first, changed only where it differs: a second push does
nothing."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from grafana.publisher.port import GrafanaPort, Json
from grafana.publisher.wanted import HEAD_OFFICE, Annotation, Folder, Wanted, permissions

_OURS_TO_LEAVE = ("id", "version", "iteration")
"""What Grafana itself counts in a stored board."""
_LINES = 60


@dataclass(frozen=True)
class Step:
    """One difference: what it is in a line, how the board would change, and the call that makes it so."""

    line: str
    act: Callable[[], object]
    diff: list[str] = field(default_factory=list)


def push(grafana: GrafanaPort, wanted: Wanted, *, dry_run: bool, tell: Callable[[str], None]) -> int:
    """Publishes; the number of differences. With `dry_run` nothing is changed and each difference is shown.

    Raises GrafanaRefused: what was done until then stays, and the next push goes on from there.
    """
    count = 0
    for step in steps(grafana, wanted, dry_run=dry_run):
        count += 1
        tell(("would " if dry_run else "") + step.line)
        if dry_run:
            for line in step.diff:
                tell(f"    {line}")
        else:
            step.act()
    return count


def steps(grafana: GrafanaPort, wanted: Wanted, *, dry_run: bool) -> Iterator[Step]:
    """Differences in the order in which they are mended: teams, folders, who sees them, boards,
    annotations."""
    ids: dict[str, int] = {}
    for name in wanted.teams:
        team = grafana.team(name)
        if team is None:
            yield Step(f"create team {name}", lambda name=name: ids.update({name: grafana.create_team(name)}))  # type: ignore[misc]
        else:
            ids[name] = int(team["id"])
    for folder in wanted.folders:
        yield from _folder(grafana, folder, ids, dry_run=dry_run)
    for folder_uid, model in wanted.boards:
        yield from _board(grafana, folder_uid, model)
    for each in wanted.annotations:
        yield from _annotation(grafana, each)


def _folder(grafana: GrafanaPort, folder: Folder, ids: dict[str, int], *, dry_run: bool) -> Iterator[Step]:
    there = grafana.folder(folder.uid)
    if there is None:
        yield Step(f"create folder {folder.title}", lambda: grafana.create_folder(folder.uid, folder.title))
    elif there["title"] != folder.title:
        version = int(there.get("version", 1))
        yield Step(
            f"rename folder {there['title']} to {folder.title}",
            lambda: grafana.rename_folder(folder.uid, folder.title, version),
        )
    if dry_run and (there is None or any(team not in ids for team in (HEAD_OFFICE, *folder.viewers))):
        yield Step(f"let only {', '.join(folder.viewers)} and head office see {folder.title}", lambda: None)
        return
    wanted = permissions(folder, ids)
    if _granted(grafana.folder_permissions(folder.uid)) != _granted(wanted):
        yield Step(
            f"let only {', '.join(folder.viewers)} and head office see {folder.title}",
            lambda: grafana.set_folder_permissions(folder.uid, wanted),
        )


def _granted(items: list[Json]) -> set[tuple[object, object, object, object]]:
    """Who may what; what a folder inherits, and the Admin role that always may, are not ours to set."""
    return {
        (item.get("teamId") or 0, item.get("userId") or 0, item.get("role") or "", item["permission"])
        for item in items
        if not item.get("inherited") and item.get("role") != "Admin"
    }


def _board(grafana: GrafanaPort, folder_uid: str, model: Json) -> Iterator[Step]:
    stored = grafana.dashboard(model["uid"])
    if stored is None:
        yield Step(
            f"create board {model['title']} ({model['uid']})",
            lambda: grafana.save_dashboard(model, folder_uid, "moments grafana push"),
        )
        return
    before, after = _text(_same_keys(stored["dashboard"], model)), _text(model)
    moved = stored.get("meta", {}).get("folderUid") != folder_uid
    if before != after or moved:
        diff = list(difflib.unified_diff(before, after, "stored", "built", lineterm="", n=1))
        yield Step(
            f"{'change' if before != after else 'move'} board {model['title']} ({model['uid']})",
            lambda: grafana.save_dashboard(model, folder_uid, "moments grafana push"),
            diff[:_LINES] + ([f"… {len(diff) - _LINES} more lines"] if len(diff) > _LINES else []),
        )


def _same_keys(stored: Any, built: Any) -> Any:
    """The stored value without the keys that Grafana added on its own: defaults and migrations are no
    difference."""
    if isinstance(stored, dict) and isinstance(built, dict):
        return {key: _same_keys(stored[key], value) for key, value in built.items() if key in stored}
    if isinstance(stored, list) and isinstance(built, list) and len(stored) == len(built):
        return [_same_keys(old, new) for old, new in zip(stored, built, strict=True)]
    return stored


def _text(model: Json) -> list[str]:
    kept = {name: value for name, value in model.items() if name not in _OURS_TO_LEAVE}
    return json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True).splitlines()


def _annotation(grafana: GrafanaPort, wanted: Annotation) -> Iterator[Step]:
    if not grafana.annotations([wanted.mark]):
        yield Step(
            f"annotate {wanted.text}",
            lambda: grafana.annotate(wanted.time_ms, wanted.text, [*wanted.tags, wanted.mark]),
        )


def only_annotations(annotations: list[Annotation]) -> Wanted:
    """A wanted state of annotations alone."""
    return Wanted((), (), (), annotations)
