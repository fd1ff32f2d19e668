"""The dictionary: tiers, departments, channels and moment types, with titles in English, Ukrainian and
Russian.

The default one comes from taxonomy.json beside this module; a chain adds to it by decisions. Codes are never
reused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from domain.events import EventData
from domain.events.structure import (
    ChannelRegistered,
    DepartmentRegistered,
    MomentRegistered,
    MomentWeightSet,
    SplitSet,
)
from domain.events.wire import Title

Titles = Mapping[str, str]
"""Language (en, uk, ru and whatever a chain adds) to title; the three are always there."""

LANGUAGES = ("en", "uk", "ru")


class Tier(StrEnum):
    """A step of the inverted pyramid, nearest to the customer first."""

    PROVIDER = "provider"
    SUPPORT = "support"
    MANAGEMENT = "management"
    EXTERNAL = "external"
    UNASSIGNED = "unassigned"


class Ring(StrEnum):
    """What a moment is about: the experience around, the core product, or support when something is wrong."""

    EXPERIENCE = "experience"
    CORE = "core"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class Department:
    """Who can own a share; `unmeasured` and `unexplained` are owners like any other."""

    code: str
    tier: Tier
    titles: Titles


@dataclass(frozen=True, slots=True)
class Channel:
    """How a customer comes."""

    code: str
    titles: Titles


@dataclass(frozen=True, slots=True)
class MomentType:
    """A kind of moment of truth.

    weight: positive, relative to other moments. split: default owners, summing to 1. promise: the promise
    usual with it, in words.
    """

    code: str
    titles: Titles
    phase: str
    ring: Ring
    weight: Fraction
    split: Mapping[str, Fraction]
    made_by: Literal["system", "human"] = "human"
    site_kind: Literal["restaurant", "store", "both"] = "both"
    promise: str = ""


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The codes an event may name. A value: a decision makes another one."""

    departments: Mapping[str, Department]
    channels: Mapping[str, Channel]
    moments: Mapping[str, MomentType]

    def tier(self, department: str) -> Tier:
        """The tier a department belongs to. KeyError when nobody registered it."""
        return self.departments[department].tier

    def with_decision(self, data: EventData) -> Dictionary:
        """The dictionary after a registration or a change of weight or split; itself after any other
        decision.

        A code already there keeps its meaning (tier, phase, ring, weight, split) and takes the new title.
        """
        match data:
            case DepartmentRegistered():
                known = self.departments.get(data.department)
                tier = known.tier if known else Tier(data.tier)
                department = Department(data.department, tier, titles_of(data.title))
                return replace(self, departments={**self.departments, data.department: department})
            case ChannelRegistered():
                channel = Channel(data.code, titles_of(data.title))
                return replace(self, channels={**self.channels, data.code: channel})
            case MomentRegistered():
                known_moment = self.moments.get(data.code)
                titles = titles_of(data.title)
                moment = replace(known_moment, titles=titles) if known_moment else _moment_of(data, titles)
                return replace(self, moments={**self.moments, data.code: moment})
            case MomentWeightSet() if data.moment in self.moments:
                return self._with_moment(replace(self.moments[data.moment], weight=data.weight))
            case SplitSet() if data.moment in self.moments:
                return self._with_moment(replace(self.moments[data.moment], split=dict(data.split)))
            case _:
                return self

    def _with_moment(self, moment: MomentType) -> Dictionary:
        return replace(self, moments={**self.moments, moment.code: moment})


def titles_of(title: Title) -> dict[str, str]:
    """A title in the three languages: plain text serves all, a missing language borrows English or the first
    given.
    """
    if isinstance(title, str):
        return dict.fromkeys(LANGUAGES, title)
    fallback = title.get("en") or next(iter(title.values()), "")
    return {**title, **{language: title.get(language) or fallback for language in LANGUAGES}}


def _moment_of(data: MomentRegistered, titles: Titles) -> MomentType:
    return MomentType(
        code=data.code,
        titles=titles,
        phase=data.phase,
        ring=Ring(data.ring),
        weight=data.weight,
        split=dict(data.split),
        made_by=data.made_by,
        site_kind=data.site_kind,
    )


def _read(taxonomy: Mapping[str, Any]) -> Dictionary:
    return Dictionary(
        departments={
            code: Department(code, Tier(entry["tier"]), entry["title"])
            for code, entry in taxonomy["departments"].items()
        },
        channels={code: Channel(code, entry["title"]) for code, entry in taxonomy["channels"].items()},
        moments={
            code: MomentType(
                code=code,
                titles=entry["title"],
                phase=entry["phase"],
                ring=Ring(entry["ring"]),
                weight=Fraction(entry["weight"]),
                split={department: Fraction(share) for department, share in entry["split"].items()},
                made_by=entry["made_by"],
                site_kind=entry["site_kind"],
                promise=entry.get("promise", ""),
            )
            for code, entry in taxonomy["moments"].items()
        },
    )


_TAXONOMY: dict[str, Any] = json.loads(Path(__file__).with_name("taxonomy.json").read_text(encoding="utf-8"))

DEFAULT = _read(_TAXONOMY)
"""The dictionary every chain starts with: 26 departments, 16 channels, 38 moment types."""

TIER_TITLES: dict[Tier, Titles] = {Tier(code): entry["title"] for code, entry in _TAXONOMY["tiers"].items()}
RING_TITLES: dict[Ring, Titles] = {Ring(code): entry["title"] for code, entry in _TAXONOMY["rings"].items()}
PHASE_TITLES: dict[str, Titles] = {code: entry["title"] for code, entry in _TAXONOMY["phases"].items()}

SCORES: dict[str, int] = _TAXONOMY["scores"]
"""Points of each outcome of a moment. A constant of the domain, not a decision (R27)."""

STANDARD: int = _TAXONOMY["standard"]
"""The score of a moment that met the standard: 75 (R27)."""
