"""Plain tables under the names of the public views, in a chDB of their own: what queries are run on in these tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

PLACE = "site_id LowCardinality(String), business_date Date, hour DateTime('UTC'), channel LowCardinality(String)"

VIEWS: Mapping[str, str] = {
    "promises": f"""{PLACE}, promise_id String, visit_id String, case_id String, kind String, made_by String,
        state LowCardinality(String), made_at DateTime64(3, 'UTC'), due_at DateTime64(3, 'UTC'),
        closed_at Nullable(DateTime64(3, 'UTC')), window_s Int64, budget_s Int64, elapsed_s Nullable(Int64),
        slack_s Float64, late_s Float64, overrun_s Float64, credit_s Float64, absorbed_s Float64,
        over_promise_s Float64, slack_rescue_s Float64, revised_at Nullable(DateTime64(3, 'UTC'))""",
    "promise_ledger": f"""{PLACE}, promise_id String, kind String, state LowCardinality(String),
        department LowCardinality(String), equivalents Float64, late_s Float64, hidden_s Float64,
        rescue_s Float64, over_promise_s Float64""",
    "visits": f"""{PLACE}, visit_id String, started_at Nullable(DateTime64(3, 'UTC')),
        ended_at Nullable(DateTime64(3, 'UTC')), moments UInt32, ves Nullable(Float64),
        last_score Nullable(Float64), wow UInt8, spoil_n UInt8, spoilt UInt8, save_n UInt8, saved UInt8,
        above UInt32, debit Float64, credit Float64""",
    "visit_ledger": f"""{PLACE}, visit_id String, department LowCardinality(String),
        basis LowCardinality(String), debit Float64, credit Float64""",
    "loose_moments": f"""{PLACE}, source String, event_id String, moment String, outcome String,
        score Float64, at DateTime64(3, 'UTC')""",
    "outcomes": f"""{PLACE}, source String, event_id String, kind LowCardinality(String),
        score Nullable(Float64), amount Nullable(Float64), currency String, at DateTime64(3, 'UTC'),
        visit_id String, case_id String, outcome String""",
    "outcome_ledger": f"""{PLACE}, source String, event_id String, outcome LowCardinality(String),
        currency String, department LowCardinality(String), quantity Float64""",
    "events": """site_id LowCardinality(String), source String, event_id String, type String, version UInt16,
        time DateTime64(3, 'UTC'), received_at DateTime64(3, 'UTC'), position UInt64, log_no UInt16,
        subject_kind String, subject_id String, sequence String, data String, channel String,
        department String""",
    "sites": """site_id String, valid_from Date, valid_to Date, region String, kind String, name String,
        timezone String, currency String""",
    "departments": "department String, tier String, title_en String, title_uk String, title_ru String",
    "sources": """site_id String, source String, last_at DateTime64(3, 'UTC'),
        complete_until DateTime64(3, 'UTC'), gap UInt8""",
}


def create_views(client: Any) -> None:
    client.command("CREATE DATABASE IF NOT EXISTS moments")
    for name, columns in VIEWS.items():
        client.command(f"CREATE TABLE moments.{name} ({columns}) ENGINE = MergeTree ORDER BY tuple()")


def insert(client: Any, view: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows may leave columns out: those take the type's default."""
    for row in rows:
        names: Sequence[str] = list(row)
        client.insert(f"moments.{view}", [[row[name] for name in names]], column_names=names)
