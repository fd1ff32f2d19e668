"""Whether the figures can be trusted: up to when they are complete, what is silent, refused or without
evidence."""

from __future__ import annotations

from domain.measures import CATALOGUE
from grafana.columns import columns
from grafana.dashboard import Board
from grafana.figures import by_day
from grafana.links import to_site
from grafana.panels import course, heading, lines, stacked, table
from grafana.scope import Scope
from grafana.sections import about, by_site, freshness, tile, told
from grafana.sqltext import sql
from grafana.texts import Texts
from grafana.theme import Json, defaults, plain, thresholds_of
from grafana.variables import common

WHOLE = Scope(region=True, site=True)
COURSES = ("lag_events", "behind_s", "dead_letters", "waiting_letters")


def data_health(texts: Texts) -> Board:
    """The line from its sources to its evidence."""
    coverage = CATALOGUE["evidence_coverage"]
    panels = [
        freshness(texts, WHOLE),
        tile(texts, coverage, WHOLE),
        state(texts),
        letters(texts),
        heading(texts("heading.sources")),
        sources(texts),
        heard(texts),
        heading(texts("heading.line")),
        *(line(texts, name) for name in COURSES),
        heading(texts("heading.evidence")),
        by_site(texts, coverage, WHOLE),
        course(
            texts("panel.course", title=texts.of(coverage.title)),
            about(texts, coverage),
            by_day(coverage, WHOLE),
            defaults(texts, coverage.unit, thresholds_of(coverage)),
            texts,
        ),
    ]
    return Board(
        "data-health", "area", panels, common(texts, WHOLE), since="now-7d", up=("chain",), refresh="1m"
    )


def state(texts: Texts) -> Json:
    """The line's own figures, last sampled."""
    return table(
        texts("panel.status"),
        told(texts, "status", "moments.status"),
        sql("status_now"),
        defaults(texts, "count", decimals=1),
        overrides=columns(texts, ("name", "value", "at")),
        size=(8, 9),
    )


def letters(texts: Texts) -> Json:
    """What was refused or waits, by site."""
    names = ("site_id", "dead_letters", "waiting_letters", "waiting_promises", "least_delay_s")
    return table(
        texts("panel.letters"),
        told(texts, "letters", "moments.status"),
        sql("letters_by_site"),
        defaults(texts, "count"),
        overrides=columns(texts, names, links={"site_id": to_site()}),
        size=(8, 9),
    )


def sources(texts: Texts) -> Json:
    """Every source with its watermark."""
    names = ("site_id", "source", "last_at", "complete_until", "silent_h", "health")
    return table(
        texts("panel.sources"),
        told(texts, "sources", "moments.sources"),
        sql("sources"),
        defaults(texts, "count"),
        overrides=columns(texts, names, links={"site_id": to_site()}),
        size=(24, 10),
    )


def heard(texts: Texts) -> Json:
    """How many events each site told."""
    return stacked(
        texts("panel.heard"),
        told(texts, "heard", "moments.events"),
        sql("heard_by_day"),
        defaults(
            texts, "count", color={"mode": "palette-classic-by-name"}, displayName="${__field.labels.site_id}"
        ),
        size=(24, 8),
    )


def line(texts: Texts, name: str) -> Json:
    """One figure of the line's state over time."""
    title = texts(f"status.{name}")
    unit = "seconds" if name.endswith("_s") else "count"
    return lines(
        texts("panel.course", title=title),
        told(texts, "status_course", "moments.status", title=title),
        sql("status_course", name=name),
        defaults(texts, unit, plain(), displayName=title),
        size=(12, 7),
    )
