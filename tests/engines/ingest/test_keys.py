"""Keys: who is let in, how far, how long; and the trail."""

import sqlite3

import pytest

from ingest.keys import Act, KeyRefused, Keys, KeyScope
from tests.doorway import NOW, Clock

ENVIRONMENT = "k" * 32


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keys(tmp_path, clock):
    keys = Keys(tmp_path / "keys.db", now_ms=clock)
    yield keys
    keys.close()


def test_a_short_admin_key_stops_the_start(tmp_path):
    with pytest.raises(ValueError, match="MOMENTS_ADMIN_KEY"):
        Keys(tmp_path / "keys.db", admin_key="k" * 31)


@pytest.mark.parametrize("token", ["", "x", "moments_", ENVIRONMENT, "\ud800"])
def test_unknown_tokens_are_nobody(keys, token):
    keys.create("till", "ingest")
    assert keys.check(token) is None


@pytest.mark.parametrize(
    ("name", "role"),
    [("", "ingest"), ("x" * 101, "read"), ("a\nb", "read"), ("a", "root"), ("environment", "admin")],
)
def test_bad_names_and_roles_are_refused(keys, name, role):
    with pytest.raises(KeyRefused):
        keys.create(name, role)


def test_a_name_is_used_once_even_after_revocation(keys):
    keys.create("till", "ingest")
    keys.revoke("till")
    with pytest.raises(KeyRefused):
        keys.create("till", "ingest")


def test_a_key_expires_on_time(keys, clock):
    with pytest.raises(KeyRefused):
        keys.create("late", "read", expires_ms=NOW)
    token = keys.create("short", "read", expires_ms=NOW + 10)
    assert keys.check(token) is not None
    clock.now += 10
    assert keys.check(token) is None
    assert not keys.any()


def test_a_key_has_its_role_and_limits_and_is_kept_as_a_hash(keys, tmp_path):
    token = keys.create("till", "ingest", sites=["a", "b"], regions=["north"])
    assert keys.check(token) == KeyScope("till", "ingest", frozenset({"a", "b"}), frozenset({"north"}))
    keys.close()
    assert all(token.encode() not in file.read_bytes() for file in tmp_path.iterdir())


def test_the_environment_s_key_is_an_unlimited_admin(tmp_path):
    keys = Keys(tmp_path / "keys.db", admin_key=ENVIRONMENT)
    assert keys.check(ENVIRONMENT) == KeyScope("environment", "admin")
    assert keys.any()
    keys.close()


def test_another_process_s_keys_and_revocations_are_seen_at_once(keys, tmp_path):
    other = Keys(tmp_path / "keys.db", now_ms=Clock())
    token = other.create("till", "ingest")
    assert keys.check(token) is not None
    assert other.revoke("till")
    assert not other.revoke("till")
    assert keys.check(token) is None
    other.close()


def test_the_last_use_is_noted_to_the_minute(keys, clock):
    token = keys.create("till", "ingest")
    assert keys.list()[0].last_used_ms is None
    keys.check(token)
    clock.now += 59_999
    keys.check(token)
    assert keys.list()[0].last_used_ms == NOW
    clock.now += 1
    keys.check(token)
    assert keys.list()[0].last_used_ms == NOW + 60_000


def test_a_locked_file_turns_nobody_away(keys, tmp_path):
    token = keys.create("till", "ingest")
    keys._db.execute("PRAGMA busy_timeout=0")
    locker = sqlite3.connect(tmp_path / "keys.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    assert keys.check(token) is not None
    locker.rollback()


def test_scopes():
    region = {"a": "north", "b": "south"}.get
    everywhere, sites = KeyScope("k", "read"), KeyScope("k", "read", sites=frozenset({"a"}))
    regions = KeyScope("k", "read", regions=frozenset({"north"}))
    both = KeyScope("k", "read", sites=frozenset({"b"}), regions=frozenset({"north"}))
    assert [
        [scope.allows(site, region) for site in ("a", "b", "c", "")]
        for scope in (everywhere, sites, regions, both)
    ] == [
        [True, True, True, True],
        [True, False, False, False],
        [True, False, False, False],
        [True, True, False, False],
    ]
    assert not KeyScope("k", "read", sites=frozenset()).allows("a", region)


def test_the_trail_is_newest_first_and_paged(keys):
    keys.audit("boss", Act("key.created", "till", {"role": "ingest"}), Act("letter.replayed", "7"))
    keys.audit("other", Act("key.revoked", "till"))
    assert [entry.action for entry in keys.trail()] == ["key.revoked", "letter.replayed", "key.created"]
    assert [entry.entry for entry in keys.trail(before=3, limit=1)] == [2]
    assert keys.trail(who="boss", action="key.created")[0].detail == {"role": "ingest"}
