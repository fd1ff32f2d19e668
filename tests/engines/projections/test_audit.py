"""Verify finds what is wrong; rebuild makes it right, beside the live generation."""

from collections.abc import Iterator

import pytest

from projections.audit import Audit
from projections.compare import compare
from projections.generations import Generations
from projections.projector import Projector
from projections.store import Store
from tests.engines.projections.told import NOW, ListFeed, chain_records, exact_facts

RECORDS = chain_records(80, 500)


@pytest.fixture
def audit(store: Store) -> Iterator[Audit]:
    generations = Generations(store, meta="audited_meta")
    live = Projector(store, ListFeed(RECORDS), generation=generations.open(), clock=lambda: NOW, batch=5_000)
    live.prepare()
    live.drain()
    yield Audit(store, generations, live, ListFeed(RECORDS), lambda: NOW + 3_600_000)
    for name in (generations.live, "audited_meta"):
        store.command("DROP DATABASE IF EXISTS $name SYNC", name=name)


def test_a_sound_store_holds(audit: Audit) -> None:
    report = audit.verify()
    assert report.found == []
    assert (report.events, report.holds) == (len(RECORDS), True)
    assert report.exact > 100


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("ALTER TABLE $gen.visits UPDATE ves = ves + 0.001 WHERE ves IS NOT NULL", "ves differ"),
        ("ALTER TABLE $gen.events DELETE WHERE type = 'moments.promise.fulfilled'", "missing"),
        ("ALTER TABLE $gen.promises DELETE WHERE state = 'late'", "missing"),
        (
            "INSERT INTO $gen.outcomes (site_id, event_id, source, alive) VALUES ('x', 'e', 's', 1)",
            "should not be there",
        ),
    ],
)
def test_damage_is_found_and_a_rebuild_mends_it(audit: Audit, damage: str, named: str) -> None:
    # given a store that somebody's hand was in
    live = audit.generations.live
    audit.store.command(
        damage + (" SETTINGS mutations_sync = 2" if damage.startswith("ALTER") else ""), gen=live
    )

    # then verify says what is wrong
    found = audit.verify(exact=False).found
    assert any(named in line for line in found)

    # and a rebuild switches to a generation that is right, and drops the damaged one
    report = audit.rebuild()
    assert report.found
    assert report.switched_to == audit.generations.live != live
    facts, _ = exact_facts(RECORDS, audit.live.as_of)
    assert compare(audit.store, audit.generations.live, facts) == []
    assert audit.verify(exact=False).holds
    databases = [name for (name,) in audit.store.rows("SHOW DATABASES")]
    assert live not in databases


def test_what_was_left_half_built_is_dropped_at_the_next_start(audit: Audit) -> None:
    # given a rebuild that died
    half = audit.generations.begin()

    # when the platform starts again
    again = Generations(audit.store, meta="audited_meta")

    # then the live generation is the old one, and nothing is left of the other
    assert again.open() == audit.generations.live
    assert half not in [name for (name,) in audit.store.rows("SHOW DATABASES")]
