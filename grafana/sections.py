"""What most boards are made of: figures of measures as tiles, cards, courses and comparisons.

Which measures a board shows follows from the catalogue's owner and area; a measure added there appears here
without a line of code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.measures import CATALOGUE, Direction, Interval, Kind, Measure
from grafana.columns import columns
from grafana.figures import (
    Judgement,
    by_day,
    department_card,
    figures,
    headline,
    scorecard,
    view_of,
)
from grafana.intervals import wilson
from grafana.links import to_region, to_site, to_support
from grafana.panels import cell, course, stat, state_timeline, table
from grafana.scope import Scope, sums
from grafana.sqltext import chosen, indent, sql
from grafana.texts import Texts
from grafana.theme import (
    COLOURS,
    CRITICAL,
    GREY,
    Json,
    defaults,
    fixed,
    named,
    plain,
    thresholds_of,
    words,
)

TILES = 6
COURSES = 4
CARDS = 4


def owned_by(tier: str) -> list[Measure]:
    """Measures that a part of the pyramid answers for."""
    return [measure for measure in CATALOGUE.values() if measure.owner_tier == tier]


def of_areas(*areas: str) -> list[Measure]:
    """Measures of some areas of the catalogue."""
    return [measure for measure in CATALOGUE.values() if measure.area in areas]


def judged(measures: Iterable[Measure]) -> list[Measure]:
    """Those that have a standard to be held against: they make tiles and courses."""
    return [measure for measure in measures if measure.standard is not None]


def about(texts: Texts, measure: Measure) -> str:
    """Definition, formula, n, source, standard and freshness of a measure, in the words of its catalogue
    entry."""
    standard = texts("word.none") if measure.standard is None else f"{measure.standard:g}"
    views = ", ".join(f"moments.{name}" for name in measure.source)
    return texts(
        "describe.measure",
        title=texts.of(measure.title),
        formula=texts.of(measure.formula),
        n=texts.of(measure.n),
        view=f"moments.{view_of(measure)}",
        sources=views,
        standard=standard,
        interval=texts.or_code("interval", _shown_interval(measure.interval)),
        low_n=measure.low_n,
        owner=texts.tiers()[measure.owner_tier],
    )


def _shown_interval(interval: Interval) -> str:
    """The board computes Byar's approximation of Garwood's interval, and says so."""
    return "byar" if interval is Interval.GARWOOD else interval.value


def told(texts: Texts, key: str, source: str, **values: object) -> str:
    """Description of a panel that is no measure's figure: what it says, its source and its freshness."""
    return texts("describe.panel", about=texts(f"about.{key}", **values), source=source)


def freshness(texts: Texts, scope: Scope) -> Json:
    """Up to when figures are complete: in the corner of every board."""
    also = f"AND site_id IN ({chosen('site')})" if scope.site else ""
    if scope.region:
        also += (
            f"\n    AND site_id IN (SELECT site_id FROM moments.sites WHERE region IN ({chosen('region')}))"
        )
    return cell(
        texts("panel.freshness"),
        told(texts, "freshness", "moments.sources"),
        sql("freshness", also=also),
        defaults(texts, "count", plain(), unit="dateTimeFromNow", decimals=0),
    )


def tile(texts: Texts, measure: Measure, scope: Scope) -> Json:
    """A measure's figure over the range, with n and interval under it."""
    return stat(
        texts.of(measure.title),
        about(texts, measure),
        headline(measure, scope),
        defaults(texts, measure.unit, thresholds_of(measure)),
    )


def tiles(texts: Texts, measures: Sequence[Measure], scope: Scope) -> list[Json]:
    """The freshness in the corner and the first measures that have a standard."""
    return [freshness(texts, scope), *(tile(texts, each, scope) for each in judged(measures)[: TILES - 1])]


def courses(texts: Texts, measures: Sequence[Measure], scope: Scope, *, most: int = COURSES) -> list[Json]:
    """The first measures with a standard, day by day, their thresholds as dashed lines."""
    return [
        course(
            texts("panel.course", title=texts.of(measure.title)),
            about(texts, measure),
            by_day(measure, scope),
            defaults(texts, measure.unit, thresholds_of(measure)),
            texts,
        )
        for measure in judged(measures)[:most]
    ]


def cards(texts: Texts, measures: Sequence[Measure], scope: Scope) -> list[Json]:
    """All measures in tables, one a unit, since a column has one unit; units beyond the third share a table
    of
    plain numbers that names each, so that a board never outgrows its reader."""
    by_unit: dict[str, list[Measure]] = {}
    for measure in measures:
        by_unit.setdefault(measure.unit, []).append(measure)
    if len(by_unit) <= CARDS:
        return [
            _card(texts, unit, texts.or_code("unit", unit), group, scope) for unit, group in by_unit.items()
        ]
    largest = sorted(by_unit, key=lambda unit: -len(by_unit[unit]))[: CARDS - 1]
    panels = [_card(texts, unit, texts.or_code("unit", unit), by_unit[unit], scope) for unit in largest]
    others = [measure for unit, group in by_unit.items() if unit not in largest for measure in group]
    return [*panels, _card(texts, "", texts("word.other_units"), others, scope)]


def _card(texts: Texts, unit: str, title: str, group: Sequence[Measure], scope: Scope) -> Json:
    """A table of measures of one unit, or of several that their titles name (unit '')."""
    titles = {each.code: texts.of(each.title) for each in group}
    if not unit:
        titles = {each.code: f"{titles[each.code]}, {texts.or_code('unit', each.unit)}" for each in group}
    names = ("measure", "title", "value", "standard", "lo", "hi", "n", "judgement")
    return table(
        texts("panel.card", unit=title),
        "\n\n".join(about(texts, measure) for measure in group),
        scorecard(group, titles, scope),
        defaults(texts, unit),
        overrides=columns(texts, names, units=dict.fromkeys(("value", "standard", "lo", "hi"), unit)),
        size=(12, 3 + len(group)),
    )


def ranking(texts: Texts, measure: Measure, scope: Scope, *, keep: tuple[str, ...] = ()) -> Json:
    """Sites compared fairly by a proportion."""
    keys = {"site_id": "facts.site_id"}
    lo, hi = wilson("x", "n")
    counts = "\n".join(
        (
            "SELECT sums.site_id AS site_id, names.site AS site, names.region AS region,",
            "    sums.x AS x, sums.d AS n",
            "FROM",
            "(",
            indent(sums(scope, view_of(measure), keys)),
            ") AS sums",
            "LEFT JOIN",
            "(",
            "    SELECT site_id, argMax(name, valid_from) AS site, argMax(region, valid_from) AS region",
            "    FROM moments.sites",
            "    GROUP BY site_id",
            ") AS names ON names.site_id = sums.site_id",
        )
    )
    names = ("site_id", "site", "region", "n", "raw", "lo", "hi", "shrunk", "rank", "band", "evidence")
    in_unit = dict.fromkeys(("raw", "lo", "hi", "shrunk"), measure.unit)
    return table(
        texts("panel.ranking", title=texts.of(measure.title)),
        texts("describe.ranking", measure=about(texts, measure)),
        sql("ranking", lo=lo, hi=hi, counts=indent(counts, 20)),
        defaults(texts, measure.unit, plain()),
        overrides=columns(
            texts, names, units=in_unit, links={"site_id": to_site(keep=keep), "region": to_region(keep=keep)}
        ),
        size=(24, 9),
    )


def by_site(texts: Texts, measure: Measure, scope: Scope, *, keep: tuple[str, ...] = ()) -> Json:
    """Sites side by side by a mean or a rate: interval and n, no ranks."""
    rows = figures(measure, scope, {"site_id": "facts.site_id"})
    names = ("site_id", "site", "region", "value", "lo", "hi", "n", "judgement")
    return table(
        texts("panel.by_site", title=texts.of(measure.title)),
        about(texts, measure),
        sql("sites", figures=indent(rows), worst_first=_worst_first(measure)),
        defaults(texts, measure.unit, thresholds_of(measure)),
        overrides=columns(
            texts,
            names,
            units=dict.fromkeys(("value", "lo", "hi"), measure.unit),
            links={"site_id": to_site(keep=keep)},
        ),
        size=(12, 9),
    )


def by_region(texts: Texts, measure: Measure, scope: Scope, *, keep: tuple[str, ...] = ()) -> Json:
    """Regions side by side."""
    rows = figures(measure, scope, {"region": "places.region"}, placed=True)
    return table(
        texts("panel.by_region", title=texts.of(measure.title)),
        about(texts, measure),
        sql("regions", figures=indent(rows), worst_first=_worst_first(measure)),
        defaults(texts, measure.unit, thresholds_of(measure)),
        overrides=columns(
            texts,
            ("region", "value", "lo", "hi", "n", "judgement"),
            units=dict.fromkeys(("value", "lo", "hi"), measure.unit),
            links={"region": to_region(keep=keep)},
        ),
        size=(12, 7),
    )


def _worst_first(measure: Measure) -> str:
    return "DESC" if measure.direction is Direction.DOWN else "ASC"


def states(texts: Texts, measure: Measure, scope: Scope) -> Json:
    """Which site was at standard on which day."""
    rows = figures(
        measure, scope, {"time": "toDateTime(facts.business_date, 'UTC')", "site_id": "facts.site_id"}
    )
    codes = {"3": Judgement.OK, "2": Judgement.WARNING, "1": Judgement.CRITICAL, "0": Judgement.FEW}
    shown = {code: texts("judgement." + judgement.value) for code, judgement in codes.items()}
    mappings = words(shown, {code: COLOURS[judgement] for code, judgement in codes.items()})
    return state_timeline(
        texts("panel.states", title=texts.of(measure.title)),
        about(texts, measure),
        sql("states", figures=indent(rows, 8)),
        defaults(
            texts, "count", plain(), mappings=mappings, displayName="${__field.labels.site_id}", min=0, max=3
        ),
    )


def owners(texts: Texts, measure: Measure, scope: Scope, *, keep: tuple[str, ...] = ()) -> Json:
    """Who owns a shared quantity, each department with its part of the whole."""
    parts = sums(scope, view_of(measure, split=True), {"department": "facts.department"})
    names = ("department", "title", "tier", "quantity", "share", "n")
    return table(
        texts("panel.owners", title=texts.of(measure.title)),
        about(texts, measure),
        sql("shares", title=f"title_{texts.language}", value=_times(measure), sums=indent(parts)),
        defaults(texts, measure.unit, plain()),
        overrides=columns(
            texts, names, units={"quantity": measure.unit}, links={"title": to_support(keep=keep)}
        ),
        size=(12, 9),
    )


def _times(measure: Measure) -> str:
    return "x" if measure.scale == 1 else f"{measure.scale:.17g} * x"


def my_cards(texts: Texts, scope: Scope) -> list[Json]:
    """What the chosen department owns of every shared measure, a table a unit."""
    panels = []
    shared = [measure for measure in CATALOGUE.values() if measure.shared]
    for unit in dict.fromkeys(measure.unit for measure in shared):
        group = [measure for measure in shared if measure.unit == unit]
        panels.append(
            table(
                texts("panel.my_card", unit=texts.or_code("unit", unit)),
                "\n\n".join(about(texts, measure) for measure in group),
                department_card(group, {each.code: texts.of(each.title) for each in group}, scope),
                defaults(texts, unit, plain()),
                overrides=columns(
                    texts,
                    ("measure", "title", "value", "whole", "share", "n"),
                    units={"value": unit, "whole": unit},
                ),
                size=(12, 4 + len(group)),
            )
        )
    return panels


def process_chart(texts: Texts, measure: Measure, scope: Scope) -> Json:
    """A process-behaviour chart: what is signal and what is the ordinary spread of days."""
    time = {"time": "toDateTime(facts.business_date, 'UTC')"}
    if measure.kind is Kind.PROPORTION:
        limits = sql("laney", keys="", part="", sums=indent(sums(scope, view_of(measure), time), 16))
    else:
        limits = sql("xmr", keys="", part="", figures=indent(figures(measure, scope, time), 16))
    panel_ = course(
        texts("panel.process", title=texts.of(measure.title)),
        texts("describe.process", measure=about(texts, measure)),
        sql("process", limits=indent(limits)),
        defaults(texts, measure.unit, plain()),
        texts,
    )
    panel_["fieldConfig"]["overrides"] += _limit_overrides(texts)
    return panel_


def _limit_overrides(texts: Texts) -> list[Json]:
    dashed = {"fill": "dash", "dash": [8, 8]}
    quiet = {"custom__showPoints": "never", "custom__lineWidth": 1}
    return [
        named("centre", displayName=texts("column.centre"), color=fixed(GREY), **quiet),
        named(
            "lower", displayName=texts("column.lower"), color=fixed(GREY), custom__lineStyle=dashed, **quiet
        ),
        named(
            "upper", displayName=texts("column.upper"), color=fixed(GREY), custom__lineStyle=dashed, **quiet
        ),
        named(
            "signal",
            displayName=texts("column.signal"),
            color=fixed(CRITICAL),
            custom__drawStyle="points",
            custom__pointSize=12,
        ),
    ]
