"""Tables of rows that several boards show: the promises and visits behind a figure."""

from __future__ import annotations

from collections.abc import Sequence

from grafana.columns import columns
from grafana.links import to_promise, to_site, to_visit
from grafana.panels import table
from grafana.scope import Scope
from grafana.sections import told
from grafana.sqltext import sql
from grafana.texts import Texts
from grafana.theme import Json, defaults

MISSED = "facts.state IN ('late', 'broken')"


def late_promises(texts: Texts, scope: Scope, *, size: tuple[int, int] = (24, 9)) -> Json:
    """Promises missed, the latest first."""
    names = (
        "site_id", "promise_id", "visit_id", "made_at", "kind", "kind_title", "state", "window_s",
        "elapsed_s", "late_s",
    )  # fmt: skip
    return table(
        texts("panel.late_promises"),
        told(texts, "late_promises", "moments.promises"),
        sql(
            "late_promises",
            title=f"title_{texts.language}",
            from_=scope.from_("promises"),
            where=scope.tail(also=(MISSED,)),
        ),
        defaults(texts, "count"),
        overrides=columns(
            texts, names, links={"promise_id": to_promise(), "visit_id": to_visit(), "site_id": to_site()}
        ),
        size=size,
    )


def worst_visits(texts: Texts, scope: Scope, *, size: tuple[int, int] = (24, 9)) -> Json:
    """Visits that lost the most points."""
    names = ("site_id", "visit_id", "at", "channel", "channel_title", "ves", "last_score", "debit", "credit")
    return table(
        texts("panel.worst_visits"),
        told(texts, "worst_visits", "moments.visits"),
        sql(
            "worst_visits",
            title=f"title_{texts.language}",
            from_=scope.from_("visits"),
            where=scope.tail(also=("facts.moments > 0", "facts.debit > 0")),
        ),
        defaults(texts, "count"),
        overrides=columns(texts, names, links={"visit_id": to_visit(), "site_id": to_site()}),
        size=size,
    )


def owed_promises(texts: Texts, scope: Scope) -> Json:
    """The promises behind a department's figures."""
    names = (
        "site_id",
        "promise_id",
        "kind",
        "kind_title",
        "state",
        "hour",
        "equivalents",
        "late_s",
        "hidden_s",
        "rescue_s",
    )
    return table(
        texts("panel.owed_promises"),
        told(texts, "owed_promises", "moments.promise_ledger"),
        sql(
            "owed_promises",
            title=f"title_{texts.language}",
            from_=scope.from_("promise_ledger"),
            where=scope.tail(also=(scope.mine(), "facts.state IN ('kept', 'late', 'broken')")),
        ),
        defaults(texts, "count"),
        overrides=columns(texts, names, links={"promise_id": to_promise(), "site_id": to_site()}),
        size=(12, 10),
    )


def owed_visits(texts: Texts, scope: Scope) -> Json:
    """The visits behind a department's debit points."""
    names: Sequence[str] = ("site_id", "visit_id", "hour", "debit", "credit", "basis")
    return table(
        texts("panel.owed_visits"),
        told(texts, "owed_visits", "moments.visit_ledger"),
        sql("owed_visits", from_=scope.from_("visit_ledger"), where=scope.tail(also=(scope.mine(),))),
        defaults(texts, "count"),
        overrides=columns(texts, names, links={"visit_id": to_visit(), "site_id": to_site()}),
        size=(12, 10),
    )


def who_owes_whom(texts: Texts, scope: Scope, *, size: tuple[int, int] = (12, 9)) -> Json:
    """Lateness between makers of promises and those who overran."""
    names = ("promised_by", "owed_by", "made_by", "department", "late_minutes", "equivalents", "n")
    return table(
        texts("panel.who_owes_whom"),
        told(texts, "who_owes_whom", "moments.promise_ledger, moments.promises"),
        sql(
            "who_owes_whom",
            title=f"title_{texts.language}",
            from_=scope.from_("promise_ledger"),
            where=scope.tail(also=("facts.state IN ('late', 'broken')",)),
        ),
        defaults(texts, "count"),
        overrides=columns(texts, names),
        size=size,
    )
