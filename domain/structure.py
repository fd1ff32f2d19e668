"""What the chain has decided: sites, dictionary, weights, splits, multipliers, budgets, standards, by day.

Rebuilt from decision events alone, in any order of arrival, with the same answers: whoever holds the events
(the door from its aggregates, a projector from the log) reads the same state. In force on a day is the
decision with the latest `valid_from` not after it, then the latest (time, id, source); one with a siteid
beats the chain's (R20).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, Generic, NamedTuple, TypeVar

from domain.calendar import Calendar, SiteSettings, seconds_of_day
from domain.dictionary import DEFAULT, Dictionary
from domain.event import Event
from domain.events import DeclaredStage, EventData
from domain.events.structure import (
    BaselineReset,
    BudgetSet,
    ChannelRegistered,
    DepartmentRegistered,
    MomentRegistered,
    MomentWeightSet,
    MultipliersSet,
    ServiceLevelSet,
    SiteChanged,
    SiteClosed,
    SiteRegistered,
    SplitSet,
    StandardSet,
)
from domain.scoring import Multipliers
from domain.times import DAY_MS, Ms

EVER = date(1970, 1, 1)
"""The `valid_from` of what holds since ever: no accepted event is older."""

CHAIN = ""
"""In the place of a site: the decision holds for the whole chain."""

MAX_CACHED = 200_000
"""Answers kept per kind of decision, some 40 MB; then the cache begins anew."""

V = TypeVar("V")


class Version(NamedTuple, Generic[V]):
    """One decided value. Ordered by what decides between several (R20); `time` is -1 for the default
    dictionary.
    """

    valid_from: date
    time: Ms
    id: str
    source: str
    site: str
    code: str
    value: V


@dataclass(frozen=True, slots=True)
class SiteVersion:
    """A site's record over a span of business days; `valid_to` is exclusive, None while it lasts."""

    site: str
    valid_from: date
    valid_to: date | None
    region: str
    kind: str
    name: str
    timezone: str
    business_day_start: str
    currency: str
    opened: date | None
    closed: date | None

    @property
    def settings(self) -> SiteSettings:
        return SiteSettings(self.timezone, seconds_of_day(self.business_day_start))


class StructureState:
    """The decisions applied so far, and what is in force on a day. Answers are cached until the next
    decision.
    """

    def __init__(self, default: Dictionary = DEFAULT) -> None:
        self._default = default
        self._applied: set[tuple[str, str]] = set()
        self._registrations: list[tuple[Ms, str, str, EventData]] = []
        self._dictionary: Dictionary | None = default
        self._sites: dict[str, _Site] = {}
        self._weights: _Table[Fraction] = _Table()
        self._splits: _Table[Mapping[str, Fraction]] = _Table()
        self._multipliers: _Table[Multipliers] = _Table()
        self._budgets: _Table[tuple[DeclaredStage, ...]] = _Table()
        self._standards: _Table[StandardSet] = _Table()
        self._service_levels: _Table[ServiceLevelSet] = _Table()
        self._baselines: _Table[Ms] = _Table()
        self._base()

    # What decisions do to the state.

    def apply(self, event: Event) -> None:
        """Take in one decision. Any other event, and one applied before (same source and id), changes
        nothing.
        """
        data = event.data
        if not data.DECISION or (event.source, event.id) in self._applied:
            return
        self._applied.add((event.source, event.id))
        site = event.siteid or CHAIN
        match data:
            case SiteRegistered() | SiteChanged() | SiteClosed():
                self._sites.setdefault(site, _Site(site)).apply(event)
            case DepartmentRegistered() | ChannelRegistered() | MomentRegistered():
                insort(self._registrations, (event.ms, event.id, event.source, data), key=_order)
                self._dictionary = None
                self._base()
            case MomentWeightSet():
                self._weights.add(_version(event, site, data.moment, data.valid_from, data.weight))
            case SplitSet():
                self._splits.add(_version(event, site, data.moment, data.valid_from, data.split))
            case MultipliersSet():
                value = Multipliers(first=data.first, last=data.last)
                self._multipliers.add(_version(event, site, "", data.valid_from, value))
            case BudgetSet():
                self._budgets.add(_version(event, site, data.kind, data.valid_from, data.stages))
            case StandardSet():
                self._standards.add(_version(event, site, data.kpi, data.valid_from, data))
            case ServiceLevelSet():
                code = f"{data.segment}\x00{data.promise}"
                valid_from = data.valid_from or utc_date(event.ms)
                self._service_levels.add(_version(event, site, code, valid_from, data))
            case BaselineReset():
                self._baselines.add(_version(event, site, data.kpi, None, event.ms))

    def knows(self, source: str, event_id: str) -> bool:
        """Whether the decision of that identity was applied."""
        return (source, event_id) in self._applied

    def apply_all(self, events: Iterable[Event]) -> StructureState:
        """`apply` for each; returns itself."""
        for event in events:
            self.apply(event)
        return self

    def _base(self) -> None:
        """The weights, splits and multipliers of the dictionary, below everything decided later."""
        for moment in self.dictionary().moments.values():
            self._weights.base(moment.code, moment.weight)
            self._splits.base(moment.code, moment.split)
        self._multipliers.base("", Multipliers())

    # What is in force.

    def dictionary(self, on: date | None = None) -> Dictionary:
        """The codes registered; with a day, moment types carry the chain's weight and split of that day."""
        if self._dictionary is None:
            dictionary = self._default
            for _, _, _, data in self._registrations:
                dictionary = dictionary.with_decision(data)
            self._dictionary = dictionary
        if on is None:
            return self._dictionary
        moments = {
            code: replace(moment, weight=self.weight(code, CHAIN, on), split=self.split(code, CHAIN, on))
            for code, moment in self._dictionary.moments.items()
        }
        return replace(self._dictionary, moments=moments)

    def weight(self, moment: str, site: str, on: date) -> Fraction:
        """The weight of a moment type at a site on a business date. KeyError for an unregistered moment."""
        return _present(self._weights.value(site, moment, on), moment)

    def split(self, moment: str, site: str, on: date) -> Mapping[str, Fraction]:
        """The default owners of a moment type at a site on a business date. KeyError for an unregistered
        moment.
        """
        return _present(self._splits.value(site, moment, on), moment)

    def multipliers(self, site: str, on: date) -> Multipliers:
        """What the first and the last moment of a visit weigh more, at a site on a business date."""
        return _present(self._multipliers.value(site, "", on), "")

    def budget(self, kind: str, site: str, on: date) -> tuple[DeclaredStage, ...]:
        """The plan of promises of a kind that declare none, by the business date they were made; () without
        one.
        """
        return self._budgets.value(site, kind, on) or ()

    def standard(self, kpi: str, site: str, on: date) -> StandardSet | None:
        """Target and thresholds decided for a measure; None when nobody decided any."""
        return self._standards.value(site, kpi, on)

    def service_level(self, segment: str, promise: str, site: str, on: date) -> ServiceLevelSet | None:
        """How soon customers of a segment are answered; None when nobody decided it."""
        return self._service_levels.value(site, f"{segment}\x00{promise}", on)

    def baseline(self, kpi: str, site: str) -> Ms | None:
        """Since when the frozen baseline of a measure's chart counts; None: from its first point."""
        return self._baselines.value(site, kpi, date.max)

    # Sites.

    def sites(self) -> list[str]:
        """The registered sites, sorted by code."""
        return sorted(code for code, site in self._sites.items() if site.registered)

    def has_site(self, site: str) -> bool:
        """Whether the site is registered; a closed one still is."""
        found = self._sites.get(site)
        return found is not None and found.registered

    def site_versions(self, site: str) -> tuple[SiteVersion, ...]:
        """The site's record through time, ascending, the first since EVER. KeyError when it is not
        registered.
        """
        if not self.has_site(site):
            raise KeyError(site)
        return self._sites[site].versions()

    def site(self, site: str, on: date | None = None) -> SiteVersion:
        """The site's record on a business date, the latest without one. KeyError when not registered."""
        versions = self.site_versions(site)
        if on is None:
            return versions[-1]
        return versions[max(bisect_right(versions, on, key=lambda version: version.valid_from) - 1, 0)]

    def calendar(self, site: str) -> Calendar:
        """The site's local time; the same object until a decision changes the site. KeyError when not
        registered.
        """
        if not self.has_site(site):
            raise KeyError(site)
        return self._sites[site].calendar()

    # Everything decided, for tables and documentation.

    def weights(self) -> Iterator[Version[Fraction]]:
        """Every version of every weight, the default ones included, ordered by site, code and precedence."""
        return self._weights.versions()

    def splits(self) -> Iterator[Version[Mapping[str, Fraction]]]:
        """Every version of every split, like `weights`."""
        return self._splits.versions()

    def multiplier_versions(self) -> Iterator[Version[Multipliers]]:
        """Every version of the multipliers, like `weights`; the code is empty."""
        return self._multipliers.versions()

    def budgets(self) -> Iterator[Version[tuple[DeclaredStage, ...]]]:
        """Every version of every budget, like `weights`; there are no default ones."""
        return self._budgets.versions()

    def standards(self) -> Iterator[Version[StandardSet]]:
        """Every version of every standard, like `budgets`."""
        return self._standards.versions()

    def service_levels(self) -> Iterator[Version[ServiceLevelSet]]:
        """Every version of every service level, like `budgets`; the code is segment, NUL, promise."""
        return self._service_levels.versions()

    def baselines(self) -> Iterator[Version[Ms]]:
        """Every reset of a baseline, like `budgets`; the value is the instant of the reset."""
        return self._baselines.versions()


class _Timeline(Generic[V]):
    """The versions of one value of one scope, in the order in which later ones beat earlier ones."""

    __slots__ = ("days", "versions")

    def __init__(self) -> None:
        self.versions: list[Version[V]] = []
        self.days: list[date] = []

    def add(self, version: Version[V]) -> None:
        insort(self.versions, version, key=_precedence)
        self.days = [each.valid_from for each in self.versions]

    def remove(self, version: Version[V]) -> None:
        self.versions.remove(version)
        self.days = [each.valid_from for each in self.versions]

    def at(self, on: date) -> Version[V] | None:
        index = bisect_right(self.days, on)
        return self.versions[index - 1] if index else None


class _Table(Generic[V]):
    """One kind of decided value by site and code."""

    def __init__(self) -> None:
        self._timelines: dict[tuple[str, str], _Timeline[V]] = {}
        self._cache: dict[tuple[str, str, date], V | None] = {}
        self._based: dict[str, Version[V]] = {}

    def add(self, version: Version[V]) -> None:
        self._timelines.setdefault((version.site, version.code), _Timeline()).add(version)
        self._cache.clear()

    def base(self, code: str, value: V) -> None:
        """The value without any decision: below every decided one."""
        known = self._based.get(code)
        if known is None or known.value != value:
            if known is not None:
                self._timelines[CHAIN, code].remove(known)
            self._based[code] = version = Version(EVER, -1, "", "", CHAIN, code, value)
            self.add(version)

    def value(self, site: str, code: str, on: date) -> V | None:
        key = (site, code, on)
        try:
            return self._cache[key]
        except KeyError:
            if len(self._cache) >= MAX_CACHED:
                self._cache.clear()
            answer = self._cache[key] = self._look_up(site, code, max(on, EVER))
            return answer

    def _look_up(self, site: str, code: str, on: date) -> V | None:
        for scope in (site, CHAIN):
            timeline = self._timelines.get((scope, code))
            version = timeline.at(on) if timeline else None
            if version is not None:
                return version.value
        return None

    def versions(self) -> Iterator[Version[V]]:
        for key in sorted(self._timelines):
            yield from self._timelines[key].versions


class _Site:
    """One site's decisions. The earliest registration counts and lies below every change, whenever that was
    made.
    """

    def __init__(self, code: str) -> None:
        self._code = code
        self._registrations: list[Event] = []
        self._changes: list[tuple[date, Event]] = []
        self._closures: list[Event] = []
        self._versions: tuple[SiteVersion, ...] | None = None
        self._calendar: Calendar | None = None

    @property
    def registered(self) -> bool:
        return bool(self._registrations)

    def apply(self, event: Event) -> None:
        match event.data:
            case SiteRegistered():
                insort(self._registrations, event, key=_event_order)
            case SiteChanged(valid_from=valid_from):
                insort(self._changes, (valid_from or EVER, event), key=lambda c: (c[0], *_event_order(c[1])))
            case SiteClosed():
                insort(self._closures, event, key=_event_order)
        self._versions = None
        self._calendar = None

    def versions(self) -> tuple[SiteVersion, ...]:
        if self._versions is None:
            days = sorted({EVER, *(day for day, _ in self._changes)})
            self._versions = tuple(
                self._record(day, following) for day, following in zip(days, [*days[1:], None], strict=True)
            )
        return self._versions

    def calendar(self) -> Calendar:
        if self._calendar is None:
            changes: list[tuple[date | None, SiteSettings]] = []
            for version in self.versions():
                if not changes or changes[-1][1] != version.settings:
                    changes.append((version.valid_from, version.settings))
            self._calendar = Calendar(changes)
        return self._calendar

    def _record(self, day: date, following: date | None) -> SiteVersion:
        """The record of a day: of every field the latest decision that carries it."""
        registration = self._registrations[0].data
        fields: dict[str, Any] = {name: getattr(registration, name) for name in _SITE_FIELDS}
        for valid_from, change in self._changes:
            if valid_from <= day:
                given = ((name, getattr(change.data, name)) for name in _SITE_FIELDS)
                fields.update((name, value) for name, value in given if value is not None)
        fields["name"] = fields["name"] or self._code
        return SiteVersion(
            site=self._code, valid_from=day, valid_to=following, closed=self._closed(), **fields
        )

    def _closed(self) -> date | None:
        if not self._closures:
            return None
        latest = self._closures[-1]
        assert isinstance(latest.data, SiteClosed)
        if latest.data.closed is not None:
            return latest.data.closed
        return utc_date(latest.ms)


_SITE_FIELDS = ("region", "kind", "name", "timezone", "business_day_start", "currency", "opened")


def utc_date(instant: Ms) -> date:
    """The UTC date of an instant: the day of what concerns no single site."""
    return date.fromordinal(EVER.toordinal() + instant // DAY_MS)


def _version(event: Event, site: str, code: str, valid_from: date | None, value: V) -> Version[V]:
    return Version(valid_from or EVER, event.ms, event.id, event.source, site, code, value)


def _precedence(version: Version[Any]) -> tuple[date, Ms, str, str]:
    return (version.valid_from, version.time, version.id, version.source)


def _order(registration: tuple[Ms, str, str, EventData]) -> tuple[Ms, str, str]:
    return registration[:3]


def _event_order(event: Event) -> tuple[Ms, str, str]:
    return (event.ms, event.id, event.source)


def _present(value: V | None, code: str) -> V:
    if value is None:
        raise KeyError(code)
    return value
