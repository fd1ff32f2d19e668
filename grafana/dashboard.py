"""A board put together: panels get their places and numbers, the whole gets uid, tags, links and variables.

Classic JSON of schema version 42, the only model that file provisioning takes (see docs/boards.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grafana.links import PREFIX, uid_of
from grafana.texts import Texts
from grafana.theme import Json

SCHEMA_VERSION = 42
WIDTH = 24


@dataclass(frozen=True)
class Board:
    """One board in one language.

    `level` is its place in the chain of boards; `since` the beginning of its range when it is opened.
    `detail` keeps a board out of the list of boards: it is reached from a row.
    """

    slug: str
    level: str
    panels: Sequence[Json]
    variables: Sequence[Json]
    since: str = "now-7d"
    up: Sequence[str] = ()
    detail: bool = False
    refresh: str = "5m"
    more_tags: Sequence[str] = field(default=())


def placed(panels: Sequence[Json]) -> list[Json]:
    """Panels from left to right, a new row where the next one does not fit; numbers from 1, never reused."""
    x = y = height = 0
    out = []
    for number, panel in enumerate(panels, start=1):
        width, tall = panel["gridPos"]["w"], panel["gridPos"]["h"]
        if x + width > WIDTH:
            x, y, height = 0, y + height, 0
        out.append({"id": number, **panel, "gridPos": {"h": tall, "w": width, "x": x, "y": y}})
        x, height = x + width, max(height, tall)
    return out


def dashboard(board: Board, texts: Texts) -> Json:
    """The JSON model."""
    language = texts.language
    return {
        "id": None,
        "uid": uid_of(board.slug, language),
        "title": texts(f"board.{board.slug}"),
        "description": texts(f"question.{board.slug}"),
        "tags": _tags(board, language),
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "utc",
        "fiscalYearStartMonth": 0,
        "weekStart": "monday",
        "liveNow": False,
        "refresh": board.refresh,
        "time": {"from": board.since, "to": "now"},
        "timepicker": {"refresh_intervals": ["1m", "5m", "15m", "1h"]},
        "links": _links(board, texts),
        "templating": {"list": list(board.variables)},
        "annotations": {"list": [_annotations(texts)]},
        "panels": placed(board.panels),
    }


def _tags(board: Board, language: str) -> list[str]:
    tags = [PREFIX, f"level:{board.level}", f"language:{language}"]
    if not board.detail:
        tags.append(f"{PREFIX}:{language}")
    return tags + list(board.more_tags)


def _links(board: Board, texts: Texts) -> list[Json]:
    """Upwards by name, sideways by a list of all boards of this language; time and variables go along."""
    links: list[Json] = [
        {
            "type": "link",
            "title": texts(f"board.{slug}"),
            "url": f"/d/{uid_of(slug, texts.language)}",
            "icon": "arrow-up",
            "tooltip": texts(f"question.{slug}"),
            "tags": [],
            "asDropdown": False,
            "includeVars": True,
            "keepTime": True,
            "targetBlank": False,
        }
        for slug in board.up
    ]
    links.append(
        {
            "type": "dashboards",
            "title": texts("word.boards"),
            "url": "",
            "icon": "external link",
            "tooltip": "",
            "tags": [f"{PREFIX}:{texts.language}"],
            "asDropdown": True,
            "includeVars": True,
            "keepTime": True,
            "targetBlank": False,
        }
    )
    return links


def _annotations(texts: Texts) -> Json:
    """Decisions and deployments as vertical lines: what changed is seen where it shows."""
    return {
        "name": texts("word.decisions"),
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": False,
        "iconColor": "#B877D9",
        "target": {"limit": 100, "matchAny": False, "tags": [PREFIX, "decision"], "type": "tags"},
    }
