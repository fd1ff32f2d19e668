"""Persons leave events before anything is written, and one destroyed row forgets them."""

import sqlite3
import threading
from typing import ClassVar

import msgspec
import pytest

from domain.events import EVENT_TYPES
from ingest.errors import LogUnwritable
from ingest.log.identity import originator_id
from ingest.log.port import Entry
from ingest.log.record import LogRecord, decode_record
from ingest.sealing import VaultSealer, find_persons
from ingest.vault import Reference, Vault

FEEDBACK = EVENT_TYPES["moments.feedback.given"]


@pytest.fixture
def vault(tmp_path):
    vault = Vault(tmp_path)
    yield vault
    vault.close()


def entry(data, event_id="e-1"):
    raw = data if isinstance(data, bytes) else msgspec.json.encode(data)
    record = LogRecord(event_id, "/s", FEEDBACK.TYPE, 1, "t", 1, "a", msgspec.Raw(raw), {}, 1, "k")
    return Entry(originator_id("/s", event_id), record, personal=find_persons(FEEDBACK, raw, raw))


def sealed(vault, *data):
    entries = [entry(each, f"e-{n}") for n, each in enumerate(data)]
    VaultSealer(vault).seal(entries)
    return [msgspec.json.decode(decode_record(each.state).data) for each in entries]


def test_another_secret_file_opens_nothing(vault, tmp_path):
    vault.persons([Reference("customer", "anna")])
    vault.close()
    (tmp_path / "vault.key").write_bytes(bytes(32))
    other = Vault(tmp_path)
    assert other.known(Reference("customer", "anna")) is None
    other.close()


def test_a_damaged_secret_file_stops_the_start(tmp_path):
    (tmp_path / "vault.key").write_bytes(b"short")
    with pytest.raises(LogUnwritable):
        Vault(tmp_path)


def test_files_are_the_owner_s_alone(vault, tmp_path):
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("vault.key", "vault.db")} == {0o600}


def test_a_person_keeps_one_random_surrogate_through_restarts(vault, tmp_path):
    anna = Reference("customer", "anna")
    person = vault.persons([anna])[anna]
    assert "anna" not in person.surrogate
    vault.close()
    again = Vault(tmp_path)
    assert again.persons([anna])[anna] == person
    again.close()


def test_customer_and_employee_of_one_name_are_two_persons(vault):
    one, other = Reference("customer", "anna"), Reference("employee", "anna")
    persons = vault.persons([one, other])
    assert persons[one].surrogate != persons[other].surrogate


def test_nothing_of_a_person_is_written_in_clear(vault, tmp_path):
    sealed(
        vault,
        {"instrument": "nps", "score": 9, "customer_ref": "anna-karenina", "verbatim": "the soup was cold"},
    )
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert b"anna-karenina" not in content
        assert b"soup" not in content


@pytest.mark.parametrize(
    "raw",
    [
        b'{"instrument":"nps","score":9,"customer\\u005fref":"anna-k"}',
        b'{"instrument":"nps","score":9,"customer_ref":"anna-k","customer_ref":"anna-k"}',
        b'{"instrument":"nps","score":9,"customer_ref":"anna-k","customer_ref":null}',
        b'{"instrument":"nps","score":9,"\\u0063ustomer_ref":"x","customer_ref":"anna-k"}',
        b'{"instrument":"nps","score":9,"verbatim":"anna-k","employee_ref":"anna-k"}',
    ],
)
def test_no_spelling_of_a_member_brings_a_reference_through(vault, raw):
    entries = [entry(raw)]
    VaultSealer(vault).seal(entries)
    assert b"anna-k" not in entries[0].state


def test_data_without_persons_pass_byte_for_byte(vault):
    raw = b'{ "score": 9.0, "instrument": "nps" }'
    entries = [entry(raw)]
    VaultSealer(vault).seal(entries)
    assert bytes(decode_record(entries[0].state).data) == raw


def test_unknown_fields_and_numbers_are_kept_as_written(vault):
    [data] = sealed(vault, b'{"instrument":"nps","score":9,"customer_ref":"a","extra":{"x":1.50}}')
    assert data["extra"] == {"x": 1.5}
    assert data["customer_ref"].startswith("c_")


def test_words_open_with_their_person_and_no_longer_after_forgetting(vault):
    first, second, alone = sealed(
        vault,
        {"instrument": "nps", "score": 1, "customer_ref": "anna", "verbatim": "cold soup"},
        {"instrument": "nps", "score": 1, "employee_ref": "boris", "verbatim": "no time"},
        {"instrument": "nps", "score": 1, "verbatim": "anonymous"},
    )
    words = [vault.open_verbatim(data["verbatim"]) for data in (first, second, alone)]
    assert words == ["cold soup", "no time", "anonymous"]
    assert vault.forget("customer", "anna")
    words = [vault.open_verbatim(data["verbatim"]) for data in (first, second, alone)]
    assert words == [None, "no time", "anonymous"]
    assert vault.forget_surrogate(alone["verbatim"].split(":")[1])
    assert vault.open_verbatim(alone["verbatim"]) is None


def test_forgetting_leaves_neither_row_nor_bytes_and_is_not_repeatable(vault, tmp_path):
    anna = Reference("customer", "anna")
    person = vault.persons([anna])[anna]
    assert not vault.forget("employee", "anna")
    assert vault.forget("customer", "anna")
    assert not vault.forget("customer", "anna")
    assert vault.known(anna) is None
    assert not vault.holds(person.surrogate)
    for file in tmp_path.iterdir():
        assert person.surrogate.encode() not in file.read_bytes()


def test_a_person_who_comes_back_is_somebody_else(vault):
    anna = Reference("customer", "anna")
    first = vault.persons([anna])[anna].surrogate
    vault.forget("customer", "anna")
    assert vault.persons([anna])[anna].surrogate != first


class TestConflicts:
    def kept(self, vault, data):
        one = entry(data)
        VaultSealer(vault).seal([one])
        return decode_record(one.state)

    def differs(self, vault, kept, data):
        return VaultSealer(vault).differs(kept, entry(data))

    ANNA: ClassVar = {"instrument": "nps", "score": 1, "customer_ref": "anna", "verbatim": "cold"}

    @pytest.mark.parametrize(
        "change",
        [
            {"customer_ref": "boris"},
            {"verbatim": "warm"},
            {"score": 2},
            {"customer_ref": None},
            {"employee_ref": "anna"},
        ],
    )
    def test_another_person_or_other_words_are_a_conflict(self, vault, change):
        assert self.differs(vault, self.kept(vault, self.ANNA), {**self.ANNA, **change})

    def test_the_same_person_and_words_are_none(self, vault):
        assert not self.differs(vault, self.kept(vault, self.ANNA), dict(reversed(self.ANNA.items())))

    def test_a_forgotten_person_cannot_be_told_and_is_not_brought_back(self, vault):
        kept = self.kept(vault, self.ANNA)
        vault.forget("customer", "anna")
        assert not self.differs(vault, kept, self.ANNA)
        assert vault.known(Reference("customer", "anna")) is None

    def test_a_dropped_person_is_a_conflict(self, vault):
        assert self.differs(vault, self.kept(vault, self.ANNA), {"instrument": "nps", "score": 1})


def test_threads_agree_on_a_new_person(vault):
    anna = Reference("customer", "anna")
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(vault.persons([anna])[anna].surrogate)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1


def test_rows_hold_no_reference_and_only_a_wrapped_key(vault, tmp_path):
    anna = Reference("customer", "anna")
    person = vault.persons([anna])[anna]
    [(tag, surrogate, wrapped)] = (
        sqlite3.connect(tmp_path / "vault.db").execute("SELECT * FROM persons").fetchall()
    )
    assert surrogate == person.surrogate
    assert b"anna" not in tag
    assert person.sealing_key not in wrapped
