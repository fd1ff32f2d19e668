"""Recovery and voice: what customers said afterwards, what was put right, and whose the causes were."""

from __future__ import annotations

from grafana.columns import columns
from grafana.dashboard import Board
from grafana.links import to_site, to_support, to_visit
from grafana.panels import bargauge, heading, stacked, table
from grafana.scope import Scope
from grafana.sections import cards, courses, of_areas, tiles, told
from grafana.sqltext import literal, sql
from grafana.texts import Texts
from grafana.theme import Json, defaults
from grafana.variables import common

WHOLE = Scope(region=True, site=True, channel=True)
KEEP = ("region", "site", "channel")
OUTCOMES = ("detractors", "complaints", "refunds", "one_star")


def recovery_voice(texts: Texts) -> Board:
    """Figures, the spread behind them, owners of the outcomes, and the outcomes themselves."""
    own = of_areas("voice", "recovery", "contact")
    panels = [
        *tiles(texts, own, WHOLE),
        *cards(texts, own, WHOLE),
        answers(texts, "nps"),
        answers(texts, "csat"),
        by_day(texts),
        heading(texts("heading.outcomes")),
        *(shares(texts, outcome) for outcome in OUTCOMES),
        heading(texts("heading.course")),
        *courses(texts, own, WHOLE),
        newest(texts),
    ]
    return Board("recovery-voice", "area", panels, common(texts, WHOLE), since="now-28d", up=("chain",))


def answers(texts: Texts, kind: str) -> Json:
    """The distribution beside the average."""
    also = (f"facts.kind = {literal(kind)}", "facts.score IS NOT NULL")
    return bargauge(
        texts("panel.answers", kind=texts(f"said.{kind}")),
        told(texts, "answers", "moments.outcomes", kind=texts(f"said.{kind}")),
        sql("answers", from_=WHOLE.from_("outcomes"), where=WHOLE.tail(also=also)),
        defaults(texts, "count"),
        size=(12, 9),
    )


def by_day(texts: Texts) -> Json:
    """How much customers tell, day by day."""
    panel = stacked(
        texts("panel.outcomes_by_day"),
        told(texts, "outcomes_by_day", "moments.outcomes"),
        sql("outcomes_by_day", from_=WHOLE.from_("outcomes"), where=WHOLE.tail()),
        defaults(
            texts, "count", color={"mode": "palette-classic-by-name"}, displayName="${__field.labels.kind}"
        ),
        size=(24, 8),
    )
    for code, text in texts.section("said").items():
        panel["fieldConfig"]["overrides"].append(
            {
                "matcher": {"id": "byRegexp", "options": f"/\\b{code}$/"},
                "properties": [{"id": "displayName", "value": text}],
            }
        )
    return panel


def shares(texts: Texts, outcome: str) -> Json:
    """Who owns an outcome by the evidence of its visit."""
    names = ("department", "title", "currency", "quantity", "share")
    return table(
        texts("panel.outcome_shares", outcome=texts(f"outcome.{outcome}")),
        told(texts, "outcome_shares", "moments.outcome_ledger"),
        sql(
            "outcome_shares",
            title=f"title_{texts.language}",
            from_=WHOLE.from_("outcome_ledger"),
            where=WHOLE.tail(also=(f"facts.outcome = {literal(outcome)}",)),
        ),
        defaults(texts, "count"),
        overrides=columns(texts, names, units={"quantity": "points"}, links={"title": to_support(keep=KEEP)}),
        size=(12, 8),
    )


def newest(texts: Texts) -> Json:
    """The outcomes themselves."""
    names = (
        "at", "site_id", "kind", "outcome", "score", "amount", "currency", "visit_id", "case_id",
    )  # fmt: skip
    return table(
        texts("panel.outcomes"),
        told(texts, "outcomes", "moments.outcomes"),
        sql("outcomes", from_=WHOLE.from_("outcomes"), where=WHOLE.tail(also=("facts.outcome != ''",))),
        defaults(texts, "count"),
        overrides=columns(
            texts, names, units={"amount": "points"}, links={"visit_id": to_visit(), "site_id": to_site()}
        ),
        size=(24, 10),
    )
