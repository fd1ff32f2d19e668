"""A board for each part of the pyramid: those who touch the customer, those who make it possible, those who
set
the conditions."""

from __future__ import annotations

from domain.measures import CATALOGUE
from grafana.boards.lists import owed_promises, owed_visits, who_owes_whom, worst_visits
from grafana.columns import columns
from grafana.dashboard import Board
from grafana.figures import by_day
from grafana.panels import bargauge, course, heading, table
from grafana.scope import Scope
from grafana.sections import (
    about,
    by_site,
    cards,
    courses,
    freshness,
    my_cards,
    owned_by,
    owners,
    process_chart,
    ranking,
    tiles,
    told,
)
from grafana.sqltext import sql
from grafana.texts import Texts
from grafana.theme import Json, defaults, words
from grafana.variables import common, department

WHOLE = Scope(region=True, site=True, channel=True)
MINE = Scope(region=True, site=True, channel=True, department=True)
KEEP = ("region", "site", "channel")

WORKED_ON = (
    "(told.made_by IN (${department:sqlstring}) OR (facts.site_id, facts.promise_id) IN (\n"
    "        SELECT site_id, promise_id FROM moments.stages\n"
    "        WHERE dated_at >= $__fromTime AND dated_at < $__toTime\n"
    "            AND department IN (${department:sqlstring})))"
)
"""Promises that the department made, or had a stage in."""


def providers(texts: Texts) -> Board:
    """What customers live through, and which moments cost the most."""
    own = owned_by("provider")
    panels = [
        *tiles(texts, own, WHOLE),
        heading(texts("heading.moments")),
        costly_moments(texts),
        debit_by_basis(texts),
        owners(texts, CATALOGUE["credit_points"], WHOLE, keep=KEEP),
        ranking(texts, CATALOGUE["above_standard"], WHOLE, keep=("channel",)),
        heading(texts("heading.course")),
        *courses(texts, own, WHOLE),
        *cards(texts, own, WHOLE),
        worst_visits(texts, WHOLE),
    ]
    return Board("providers", "tier", panels, common(texts, WHOLE), since="now-14d", up=("chain",))


def support(texts: Texts) -> Board:
    """One department's own page: what it owes, hid and rescued, the rows behind it, and what others owe
    it."""
    own = owned_by("support")
    late, debit = CATALOGUE["late_minutes"], CATALOGUE["debit_points"]
    mine = (MINE.mine(),)
    panels = [
        freshness(texts, MINE),
        heading(texts("heading.mine")),
        *my_cards(texts, MINE),
        *(
            course(
                texts("panel.my_course", title=texts.of(measure.title)),
                about(texts, measure),
                by_day(measure, MINE, split=True, also=mine),
                defaults(texts, measure.unit),
                texts,
            )
            for measure in (late, debit)
        ),
        heading(texts("heading.behind")),
        owed_promises(texts, MINE),
        owed_visits(texts, MINE),
        heading(texts("heading.others")),
        others_owe(texts),
        owners(texts, late, MINE, keep=KEEP),
        *cards(texts, own, MINE),
    ]
    variables = [*common(texts, MINE), department(texts, ("support", "provider", "management"))]
    return Board("support", "tier", panels, variables, since="now-14d", up=("chain",))


def management(texts: Texts) -> Board:
    """What only management can change: promises shorter than their plan, missing evidence, unsteady
    processes."""
    own = owned_by("management")
    panels = [
        *tiles(texts, own, WHOLE),
        heading(texts("heading.conditions")),
        short_promises(texts),
        owners(texts, CATALOGUE["over_promise_minutes"], WHOLE, keep=KEEP),
        by_site(texts, CATALOGUE["evidence_coverage"], WHOLE, keep=("channel",)),
        debit_by_basis(texts),
        heading(texts("heading.steady")),
        process_chart(texts, CATALOGUE["on_time"], WHOLE),
        process_chart(texts, CATALOGUE["ves"], WHOLE),
        heading(texts("heading.course")),
        *courses(texts, own, WHOLE),
        *cards(texts, own, WHOLE),
        who_owes_whom(texts, WHOLE, size=(24, 9)),
    ]
    return Board("management", "tier", panels, common(texts, WHOLE), since="now-35d", up=("chain",))


def costly_moments(texts: Texts) -> Json:
    """Moments by points lost."""
    return table(
        texts("panel.costly_moments"),
        told(texts, "costly_moments", "moments.visit_moments"),
        sql(
            "costly_moments",
            title=f"title_{texts.language}",
            from_=WHOLE.from_("visit_moments"),
            where=WHOLE.tail(),
        ),
        defaults(texts, "count"),
        overrides=columns(texts, ("moment", "moment_title", "ring", "n", "at_standard", "debit", "credit")),
        size=(12, 9),
    )


def debit_by_basis(texts: Texts) -> Json:
    """How much of the debit rests on evidence."""
    return bargauge(
        texts("panel.debit_by_basis"),
        told(texts, "debit_by_basis", "moments.visit_ledger"),
        sql("debit_by_basis", from_=WHOLE.from_("visit_ledger"), where=WHOLE.tail()),
        defaults(texts, "points", mappings=words(texts.section("basis"))),
        size=(12, 9),
    )


def others_owe(texts: Texts) -> Json:
    """Lateness of others in the promises this department made or worked on."""
    also = (
        "facts.state IN ('late', 'broken')",
        WORKED_ON,
        "facts.department NOT IN (${department:sqlstring})",
    )
    return table(
        texts("panel.others_owe"),
        told(texts, "others_owe", "moments.promise_ledger, moments.promises, moments.stages"),
        sql(
            "others_owe",
            title=f"title_{texts.language}",
            from_=MINE.from_("promise_ledger"),
            where=MINE.tail(also=also),
        ),
        defaults(texts, "count"),
        overrides=columns(texts, ("department", "title", "tier", "late_minutes", "equivalents", "n")),
        size=(12, 9),
    )


def short_promises(texts: Texts) -> Json:
    """Promises that their own plan already breaks."""
    names = (
        "kind",
        "kind_title",
        "made_by",
        "title",
        "n",
        "over_promised",
        "over_minutes",
        "window_s",
        "budget_s",
    )
    return table(
        texts("panel.short_promises"),
        told(texts, "short_promises", "moments.promises"),
        sql(
            "short_promises",
            title=f"title_{texts.language}",
            from_=WHOLE.from_("promises"),
            where=WHOLE.tail(also=("facts.state IN ('kept', 'late')",)),
        ),
        defaults(texts, "count"),
        overrides=columns(texts, names),
        size=(12, 9),
    )
