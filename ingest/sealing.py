"""Taking persons out of the data of events, on the bytes as sent.

Fields are found by the marks on the event's class. Data without any of their names in it pass as they are,
at the price of a substring search; everything else is taken apart, so that no spelling of a member's name
(escapes, the same member twice) brings a reference into the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import msgspec

from domain.events import EventData, personal_fields
from ingest.log.conflict import differs, read_json
from ingest.log.port import Entry
from ingest.log.record import LogRecord, encode_record
from ingest.vault import SEALED_PREFIX, Person, Reference, Vault, seal_verbatim, sealed_for

VERBATIM = "verbatim"

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)
_encode = msgspec.json.encode


class Persons(NamedTuple):
    """The members of an event's data, and which of them are personal: (name, role, text)."""

    members: dict[str, msgspec.Raw]
    fields: list[tuple[str, str, str]]

    def references(self) -> list[Reference]:
        """Customer before employee: the first is whose key seals the verbatims."""
        return sorted(Reference(role, text) for _, role, text in self.fields if role != VERBATIM)


def find_persons(kind: type[EventData], data: msgspec.Raw | bytes, around: bytes) -> Persons | None:
    """The personal fields of valid data; None when the bytes can be stored as they are.

    `around` are bytes that contain the data, such as the whole event: it is they that are searched.
    """
    fields, marks = _marks(kind)
    for mark in marks:  # a generator would cost more than the searches
        if mark in around:
            break
    else:
        return None
    members = _members.decode(data)
    present = [
        (name, role, _text.decode(value))
        for name, role in fields
        if (value := members.get(name)) is not None and bytes(value) != b"null"
    ]
    return Persons(members, present)


@cache
def _marks(kind: type[EventData]) -> tuple[tuple[tuple[str, str], ...], tuple[bytes, ...]]:
    fields = tuple(personal_fields(kind).items())
    # An escape could spell any name, and base64 any data.
    return fields, (*(name.encode() for name, _ in fields), b"\\u", b"data_base64")


class VaultSealer:
    """`Sealer` over the vault."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal(self, entries: Sequence[Entry]) -> None:
        open_entries = [entry for entry in entries if entry.state is None]
        if not open_entries:
            return
        references: set[Reference] = set()
        anonymous = 0
        for entry in open_entries:
            own = entry.personal.references() if entry.personal is not None else []
            references.update(own)
            anonymous += not own and _has_verbatim(entry)
        persons = self._vault.persons(references) if references else {}
        spare = self._vault.nobody(anonymous) if anonymous else []
        for entry in open_entries:
            _seal(entry, persons, spare)

    def differs(self, kept: LogRecord, again: Entry) -> bool:
        if again.record is None:
            return True
        persons: Persons | None = again.personal
        if persons is None:
            return differs(kept, again.record)
        data = read_json(bytes(kept.data))
        if any(not self._same(data.get(name), role, text) for name, role, text in persons.fields):
            return True
        return differs(kept, again.record, ignore=[name for name, _, _ in persons.fields])

    def _same(self, stored: object, role: str, text: str) -> bool:
        """Whether a stored surrogate or sealed verbatim stands for this text.

        A forgotten person's cannot be told, and is no conflict.
        """
        if not isinstance(stored, str):
            return False
        if role != VERBATIM:
            person = self._vault.known(Reference(role, text))
            return (person is not None and person.surrogate == stored) or not self._vault.holds(stored)
        if not stored.startswith(SEALED_PREFIX):
            return False
        words = self._vault.open_verbatim(stored)
        return words == text if words is not None else not self._vault.holds(sealed_for(stored))


def _has_verbatim(entry: Entry) -> bool:
    return entry.personal is not None and any(role == VERBATIM for _, role, _ in entry.personal.fields)


def _seal(entry: Entry, persons: dict[Reference, Person], spare: list[Person]) -> None:
    record = entry.record
    assert record is not None
    note: Persons | None = entry.personal
    if note is not None:
        own = note.references()
        members: dict[str, msgspec.Raw | str] = dict(note.members)
        voice: Person | None = persons[own[0]] if own else None
        for name, role, text in note.fields:
            if role == VERBATIM:
                voice = voice or spare.pop()
                members[name] = seal_verbatim(voice, text)
            else:
                members[name] = persons[Reference(role, text)].surrogate
        record = msgspec.structs.replace(record, data=msgspec.Raw(_encode(members)))
    entry.state = encode_record(record)
