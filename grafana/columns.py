"""Columns of tables: what each is called, its unit, its words, and where a click leads. One entry a name,
whatever the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from grafana.links import Target, url_of
from grafana.texts import Texts
from grafana.theme import CRITICAL, GOOD, GREY, WARNING, Json, judgements, named, unit_of, words

_UNIT: Mapping[str, str] = {
    "share": "ratio",
    "within_budget": "ratio",
    "at_standard": "ratio",
    "on_time": "ratio",
    "weight": "ratio",
    "n": "count",
    "visits": "count",
    "promises": "count",
    "complaints": "count",
    "moments": "count",
    "position": "count",
    "over_promised": "count",
    "rank": "count",
    "ves": "score",
    "last_score": "score",
    "score": "count",
    "debit": "points",
    "credit": "points",
    "late_minutes": "minutes",
    "over_minutes": "minutes",
    "equivalents": "promises",
    "age_h": "hours",
    "silent_h": "hours",
}

_HIDDEN = frozenset({"measure", "department", "made_by"})
"""Codes behind a title of the same row: there for links and tests, not for reading. Those whose title is
called after them (`kind` and `kind_title`) need not be named here."""

_RISK = {"overdue": CRITICAL, "at_risk": WARNING, "in_time": GOOD}
_STATE = {"kept": GOOD, "late": WARNING, "broken": CRITICAL, "cancelled": GREY}
_HEALTH = {"heard": GOOD, "silent": WARNING, "gap": CRITICAL}

_WORDS: Mapping[str, Callable[[Texts], list[Json]]] = {
    "judgement": judgements,
    "risk": lambda texts: words(texts.section("risk"), _RISK),
    "state": lambda texts: words(texts.section("state"), _STATE),
    "health": lambda texts: words(texts.section("health"), _HEALTH),
    "band": lambda texts: words(texts.section("band")),
    "evidence": lambda texts: words(texts.section("evidence")),
    "basis": lambda texts: words(texts.section("basis")),
    "origin": lambda texts: words(texts.section("origin")),
    "outcome": lambda texts: words({**texts.section("moment_outcome"), **texts.section("outcome")}),
    "kind": lambda texts: words(texts.section("said")),
    "ring": lambda texts: words(texts.rings()),
    "tier": lambda texts: words(texts.tiers()),
    "name": lambda texts: words(texts.section("status")),
}
_COLOURED = frozenset({"judgement", "risk", "state", "health"})


def columns(
    texts: Texts,
    names: Sequence[str],
    *,
    links: Mapping[str, Target] | None = None,
    units: Mapping[str, str] | None = None,
    titles: Mapping[str, str] | None = None,
) -> list[Json]:
    """Overrides of a table with these columns.

    `units` and `titles` replace the usual ones. A code is hidden where its title (`<code>_title`) stands in
    the same row: dictionaries are the chain's own, so titles come with the data and are never built in.
    """
    return [
        _column(
            texts,
            name,
            (links or {}).get(name),
            hidden=name in _HIDDEN or f"{name}_title" in names,
            unit=(units or {}).get(name),
            title=(titles or {}).get(name),
        )
        for name in names
    ]


def _column(
    texts: Texts, name: str, link: Target | None, *, hidden: bool, unit: str | None, title: str | None
) -> Json:
    properties: Json = {"displayName": title or texts(f"column.{name}")}
    if unit is None:
        unit = _UNIT.get(name) or ("seconds" if name.endswith("_s") else None)
    if unit is not None:
        properties |= unit_of(unit)
    if hidden:
        properties["custom__hidden"] = True
        properties["custom__hideFrom"] = {"legend": False, "tooltip": False, "viz": True}
    if name in _WORDS:
        properties["mappings"] = _WORDS[name](texts)
    if name in _COLOURED:
        properties["custom__cellOptions"] = {"type": "color-text"}
    if name in {"share", "within_budget", "at_standard"}:
        properties["custom__cellOptions"] = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    if link is not None:
        properties["links"] = [
            {"title": texts(link.title), "url": url_of(texts.language, link), "targetBlank": False}
        ]
    return named(name, **properties)
