"""Refused is kept: once, encrypted, counted, for 90 days."""

import sqlite3

import pytest

from domain.times import DAY_MS
from ingest.dead_letters import DeadLetters, LetterFilter, Refusal
from ingest.keys import KeyScope
from ingest.vault import Vault
from tests.doorway import NOW, TILL

REFUSAL = Refusal(
    b'{"id":"e-1","who":"anna"}',
    "structured",
    "invalid_data",
    "wrong",
    "/data/x",
    None,
    "/s",
    "e-1",
    "t",
    "a",
)
WAITING = REFUSAL._replace(raw=b"w", code="unknown_site", waits_for="site:a")


@pytest.fixture
def letters(tmp_path):
    vault = Vault(tmp_path / "vault")
    letters = DeadLetters(tmp_path / "dead-letters.db", vault)
    yield letters
    letters.close()
    vault.close()


def keep(letters, *refusals, scope=TILL, now=NOW, import_=False):
    return letters.keep(refusals, scope, import_=import_, now_ms=now)


def test_nothing_is_found_where_nothing_is(letters):
    assert letters.open(1) is None
    assert letters.page(LetterFilter(), before=None, limit=10) == []


def test_the_bytes_are_encrypted_and_come_back_as_they_were(letters, tmp_path):
    [number] = keep(letters, REFUSAL, scope=KeyScope("k", "ingest", frozenset({"a"})), import_=True)
    opened = letters.open(number)
    assert opened.raw == REFUSAL.raw
    assert opened.scope == KeyScope("k", "ingest", frozenset({"a"}))
    assert opened.letter.import_ is True
    assert all(b"anna" not in file.read_bytes() for file in tmp_path.glob("dead-letters*"))


def test_the_same_bytes_of_one_key_are_one_letter_with_a_counter(letters):
    [first] = keep(letters, REFUSAL)
    [again] = keep(letters, REFUSAL, now=NOW + 5)
    assert first == again
    letter = letters.open(first).letter
    assert (letter.times, letter.first_ms, letter.last_ms) == (2, NOW, NOW + 5)
    assert keep(letters, REFUSAL, scope=KeyScope("other", "ingest")) != [first]


def test_waiting_letters_count_against_their_key_until_they_are_settled(letters):
    keep(letters, REFUSAL)
    assert letters.waiting(TILL.name) == 0
    one, two = keep(letters, WAITING, WAITING._replace(raw=b"x", waits_for="department:bar"))
    assert letters.waiting(TILL.name) == 2
    assert sorted(letters.tokens()) == ["department:bar", "site:a"]
    assert letters.not_kept_yet([WAITING, WAITING._replace(raw=b"new")], TILL) == 1
    letters.settle([(one, "1-7")], [(two, REFUSAL)], NOW)
    assert letters.waiting(TILL.name) == 0
    assert (letters.open(one).letter.status, letters.open(one).letter.position) == ("taken", "1-7")
    assert letters.open(two).letter.status == "refused"


def test_what_was_taken_keeps_no_bytes(letters, tmp_path):
    [number] = keep(letters, WAITING)
    letters.settle([(number, "1-7")], [], NOW)
    assert letters.open(number).raw == b""
    [(size,)] = sqlite3.connect(tmp_path / "dead-letters.db").execute("SELECT length(sealed) FROM letters")
    assert size == 0


def test_counts_and_letters_survive_a_restart(letters, tmp_path):
    keep(letters, WAITING)
    vault = Vault(tmp_path / "vault")
    again = DeadLetters(tmp_path / "dead-letters.db", vault)
    assert again.waiting(TILL.name) == 1
    assert [opened.raw for opened in again.waiting_for("site:a", 0, 10)] == [b"w"]
    again.close()
    vault.close()


def test_letters_end_90_days_after_they_first_came(letters):
    [old] = keep(letters, WAITING)
    keep(letters, WAITING, now=NOW + 80 * DAY_MS)
    [young] = keep(letters, REFUSAL, now=NOW + DAY_MS)
    assert letters.expire(NOW + 90 * DAY_MS - 1) == 0
    assert letters.expire(NOW + 90 * DAY_MS) == 1
    assert letters.open(old) is None
    assert letters.open(young) is not None
    assert letters.waiting(TILL.name) == 0


def test_lists_are_filtered_and_paged_newest_first(letters):
    keep(letters, *[REFUSAL._replace(raw=b"%d" % n, site="ab"[n % 2], code=f"c{n % 3}") for n in range(9)])
    page = letters.page(LetterFilter(site="a"), before=None, limit=3)
    assert [letter.letter for letter in page] == [9, 7, 5]
    assert [letter.letter for letter in letters.page(LetterFilter(site="a"), before=5, limit=3)] == [3, 1]
    assert {letter.code for letter in letters.page(LetterFilter(code="c1"), before=None, limit=9)} == {"c1"}


def test_a_limited_list_shows_no_letter_of_another_site_nor_of_none(letters):
    keep(letters, REFUSAL, REFUSAL._replace(raw=b"b", site="b"), REFUSAL._replace(raw=b"c", site=""))
    seen = letters.page(LetterFilter(sites=frozenset({"a", ""})), before=None, limit=9)
    assert [letter.site for letter in seen] == ["a"]
    assert letters.page(LetterFilter(sites=frozenset()), before=None, limit=9) == []


def test_forgetting_deletes_the_letters_that_name_a_person(letters):
    named, other = keep(letters, REFUSAL, WAITING)
    assert letters.forget(lambda raw: b"anna" in raw) == 1
    assert letters.open(named) is None
    assert letters.open(other) is not None
