"""How figures look: units, decimals, colours by meaning. One palette, so that a colour means the same on
every board.

A colour never carries a meaning alone: every judgement has a sign and a word beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.measures import Direction, Measure
from grafana.figures import SIGNS, Judgement, limits_of
from grafana.texts import Texts

Json = dict[str, Any]

GOOD = "#73BF69"
WARNING = "#FF9830"
CRITICAL = "#F2495C"
NEUTRAL = "#5794F2"
GREY = "#8E8E8E"
SECOND = "#B877D9"

COLOURS: Mapping[Judgement, str] = {
    Judgement.OK: GOOD,
    Judgement.WARNING: WARNING,
    Judgement.CRITICAL: CRITICAL,
    Judgement.FEW: GREY,
    Judgement.PLAIN: NEUTRAL,
    Judgement.NO_DATA: GREY,
    Judgement.HIDDEN: GREY,
}

_JUST_ABOVE = 1e-9
"""Grafana colours a value from a step on (>=); a standard met exactly is no warning where less is better."""

_UNITS: Mapping[str, tuple[str, int]] = {
    "ratio": ("percentunit", 1),
    "score": ("none", 1),
    "nps": ("none", 1),
    "minutes": ("m", 1),
    "seconds": ("s", 0),
    "points": ("none", 1),
    "promises": ("none", 2),
    "per_1000": ("none", 2),
    "count": ("none", 0),
    "hours": ("h", 1),
}


def unit_of(unit: str) -> Json:
    """Unit and decimals as field options; a unit the table does not know is shown as a plain number."""
    name, decimals = _UNITS.get(unit, ("none", 2))
    options: Json = {"unit": name, "decimals": decimals}
    if unit == "ratio":
        options |= {"min": 0, "max": 1}
    return options


def thresholds_of(measure: Measure) -> Json:
    """Steps of a measure: the same numbers as its alert rules."""
    warning, critical = limits_of(measure)
    if warning is None or measure.direction is Direction.NEUTRAL:
        return plain()
    steps: list[Json]
    if measure.direction is Direction.DOWN:
        steps = [{"color": GOOD, "value": None}, {"color": WARNING, "value": warning + _JUST_ABOVE}]
        if critical is not None:
            steps.append({"color": CRITICAL, "value": critical + _JUST_ABOVE})
    else:
        steps = [{"color": WARNING, "value": None}, {"color": GOOD, "value": warning}]
        if critical is not None:
            steps = [{"color": CRITICAL, "value": None}, {"color": WARNING, "value": critical}, steps[1]]
    return {"mode": "absolute", "steps": steps}


def plain(colour: str = NEUTRAL) -> Json:
    """Steps of a figure that is neither good nor bad."""
    return {"mode": "absolute", "steps": [{"color": colour, "value": None}]}


def defaults(texts: Texts, unit: str, thresholds: Json | None = None, /, **more: Any) -> Json:
    """Field defaults: unit, decimals, steps, and what stands where nothing was observed."""
    return {
        **unit_of(unit),
        "color": {"mode": "thresholds"},
        "thresholds": thresholds or plain(),
        "mappings": [],
        "noValue": texts("word.no_data"),
        **more,
    }


def named(matcher: str, **properties: Any) -> Json:
    """An override of one column; `__` in a property's name stands for a dot."""
    return {
        "matcher": {"id": "byName", "options": matcher},
        "properties": [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()],
    }


def matching(pattern: str, **properties: Any) -> Json:
    """An override of all columns whose display name matches."""
    return {**named(pattern, **properties), "matcher": {"id": "byRegexp", "options": pattern}}


def fixed(colour: str) -> Json:
    """A colour that no value changes."""
    return {"mode": "fixed", "fixedColor": colour}


def words(entries: Mapping[str, str], colours: Mapping[str, str] | None = None) -> list[Json]:
    """Value mappings from codes to words, with colours where they mean something."""
    colours = colours or {}
    options: Json = {}
    for index, (code, text) in enumerate(entries.items()):
        options[code] = {"text": text, "index": index}
        if code in colours:
            options[code]["color"] = colours[code]
    return [{"type": "value", "options": options}]


def judgements(texts: Texts) -> list[Json]:
    """Sign, word and colour of each judgement."""
    shown = {code.value: f"{SIGNS[code]} {texts('judgement.' + code.value)}" for code in Judgement}
    return words(shown, {code.value: colour for code, colour in COLOURS.items()})
