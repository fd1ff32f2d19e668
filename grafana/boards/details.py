"""The bottom of every chain of links: one promise and one visit, explained down to their events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana.columns import columns
from grafana.dashboard import Board
from grafana.links import Target, to_promise, to_site, to_visit
from grafana.panels import bargauge, heading, table
from grafana.scope import Scope
from grafana.sections import told
from grafana.sqltext import sql
from grafana.texts import Texts
from grafana.theme import Json, defaults
from grafana.variables import data_source, text_variable
from grafana.variables import site as site_variable

HERE = Scope(site=True)


def promise(texts: Texts) -> Board:
    """What was promised, how each stage went, whose the lateness is, and what was told."""
    panels = [
        heading(texts("heading.promise")),
        _table(
            texts,
            "promise",
            "moments.promises",
            (
                "site_id",
                "promise_id",
                "visit_id",
                "case_id",
                "kind",
                "kind_title",
                "made_by",
                "made_by_title",
                "channel",
                "channel_title",
                "state",
                "made_at",
                "due_at",
                "closed_at",
                "revised_at",
                "window_s",
                "budget_s",
                "elapsed_s",
                "late_s",
                "overrun_s",
                "absorbed_s",
                "over_promise_s",
                "slack_s",
            ),
            links={"visit_id": to_visit(), "site_id": to_site()},
            height=5,
        ),
        bargauge(
            texts("panel.promise_waterfall"),
            told(texts, "promise_waterfall", "moments.stages"),
            sql("promise_waterfall", title=f"title_{texts.language}"),
            defaults(texts, "seconds"),
            size=(10, 9),
        ),
        _table(
            texts,
            "promise_owners",
            "moments.promise_ledger",
            (
                "department",
                "title",
                "tier",
                "equivalents",
                "late_s",
                "hidden_s",
                "rescue_s",
                "over_promise_s",
            ),
            width=14,
        ),
        _table(
            texts,
            "promise_stages",
            "moments.stages",
            (
                "stage",
                "title",
                "department",
                "group_name",
                "budget_s",
                "actual_s",
                "overrun_s",
                "credit_s",
                "share",
                "late_s",
                "hidden_s",
                "rescue_s",
            ),
        ),
        _table(
            texts,
            "promise_events",
            "moments.events",
            ("time", "event", "stage", "department", "department_title", "source", "data"),
        ),
    ]
    variables = [
        data_source(),
        site_variable(texts, HERE, multi=False),
        text_variable("promise", texts("variable.promise")),
    ]
    return Board(
        "promise", "promise", panels, variables, since="now-14d", up=("promises", "site"), detail=True
    )


def visit(texts: Texts) -> Board:
    """Moment by moment: weight, score, and who owes or earned what on which evidence."""
    panels = [
        heading(texts("heading.visit")),
        _table(
            texts,
            "visit",
            "moments.visits",
            (
                "site_id",
                "visit_id",
                "channel",
                "channel_title",
                "started_at",
                "ended_at",
                "moments",
                "ves",
                "last_score",
                "debit",
                "credit",
                "wow",
            ),
            links={"site_id": to_site()},
            height=5,
        ),
        _table(
            texts,
            "visit_moments",
            "moments.visit_moments",
            (
                "position",
                "at",
                "moment",
                "moment_title",
                "ring",
                "outcome",
                "score",
                "weight",
                "debit",
                "credit",
                "basis",
                "origin",
                "promise_id",
            ),
        ),
        _table(
            texts,
            "visit_owners",
            "moments.visit_ledger",
            ("department", "title", "tier", "basis", "debit", "credit"),
            width=12,
        ),
        _table(
            texts,
            "visit_promises",
            "moments.promises",
            (
                "site_id",
                "promise_id",
                "kind",
                "kind_title",
                "made_by",
                "made_by_title",
                "state",
                "made_at",
                "window_s",
                "elapsed_s",
                "late_s",
            ),
            links={"promise_id": to_promise()},
            width=12,
        ),
        _table(
            texts,
            "visit_outcomes",
            "moments.outcomes, moments.outcome_ledger",
            ("at", "kind", "outcome", "score", "amount", "currency", "owned_by"),
        ),
    ]
    variables = [
        data_source(),
        site_variable(texts, HERE, multi=False),
        text_variable("visit", texts("variable.visit")),
    ]
    return Board("visit", "visit", panels, variables, since="now-14d", up=("providers", "site"), detail=True)


def _table(
    texts: Texts,
    name: str,
    source: str,
    names: Sequence[str],
    *,
    links: Mapping[str, Target] | None = None,
    width: int = 24,
    height: int = 9,
) -> Json:
    """A table whose text, SQL file and description share one name."""
    places = {"title": f"title_{texts.language}"}
    return table(
        texts(f"panel.{name}"),
        told(texts, name, source),
        sql(name, **places),
        defaults(texts, "count"),
        overrides=columns(texts, names, links=links, units={"amount": "points"}),
        size=(width, height),
    )
