"""The vault: who is behind a surrogate, in a store of its own (`persons`).

Before an event is written anywhere, its customer_ref and employee_ref become random surrogates, and its
verbatims are encrypted with that person's key (a verbatim without a person gets a row of its own). A person
is found by HMAC-SHA-256 of the reference under a secret file; the reference itself is stored nowhere.
`forget` destroys one row: with it go the way from the reference to the surrogate and the key of the
person's words. Log, Kafka and ClickHouse never held more than the surrogate.

New persons of a group are written in one transaction that is durable before the log's own: a surrogate in
the log always has had its row.
"""

from __future__ import annotations

import hmac
import os
import secrets
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ingest import metrics
from ingest.errors import LogMismatch, LogUnwritable
from ingest.persons import PersonRow, PersonStore, SQLitePersons

SECRET_BYTES = 32
NONCE_BYTES = 12
SEALED_PREFIX = "sealed:"
SURROGATE_PREFIXES = {"customer": "c_", "employee": "e_", "verbatim": "v_"}

class Person(NamedTuple):
    """What the log may know of a person, and the key of their words."""

    surrogate: str
    sealing_key: bytes


class Reference(NamedTuple):
    """A pseudonym as a producer sends it; `role` is customer or employee."""

    role: str
    text: str


class Vault:
    """The key store over `vault.key` (mode 0600) in `folder`. Safe to share between threads.

    Without the secret file nothing in the store can be read: keep both in a backup, or neither.
    """

    def __init__(
        self,
        folder: Path,
        *,
        store: Callable[[], PersonStore] | None = None,
        cached_persons: int = 100_000,
    ) -> None:
        """store: where the persons are, when several doors share them; else vault.db in the folder.

        Raises LogMismatch when shared persons are kept under another door's secret.
        """
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._store: PersonStore = SQLitePersons(folder / "vault.db") if store is None else store()
        # Another door may forget a person at any time: what it forgot must not live on in memory here.
        self._cached_persons = 0 if self._store.is_shared else cached_persons
        try:
            secret = _secret(folder / "vault.key", may_make=self._store.key_print() is None)
            mine = hmac.digest(_derive(secret, b"print"), b"of the persons' key", "sha256")
            if self._store.agree(mine) != mine:
                raise LogMismatch(_other_key(folder / "vault.key"))
        except BaseException:
            self._store.close()
            raise
        self._index_key = _derive(secret, b"index")
        self._wrap = AESGCM(_derive(secret, b"wrap"))
        self._letters = AESGCM(_derive(secret, b"dead letters"))
        self._digest_key = _derive(secret, b"dead letter digest")
        self._cache: OrderedDict[bytes, Person] = OrderedDict()
        self._lock = threading.RLock()

    def persons(self, references: Iterable[Reference]) -> dict[Reference, Person]:
        """The persons behind these references; those nobody knew yet are new and durable when this
        returns.
        """
        tags = {reference: self._tag(reference) for reference in references}
        with self._lock:
            known = self._find(tags.values())
            new = {
                tag: Person(_surrogate(reference.role), os.urandom(32))
                for reference, tag in tags.items()
                if tag not in known
            }
            if new:
                known.update(self._keep(new))
        return {reference: known[tag] for reference, tag in tags.items()}

    def known(self, reference: Reference) -> Person | None:
        """The person behind a reference, None when nobody knows it (never seen, or forgotten)."""
        tag = self._tag(reference)
        with self._lock:
            return self._find([tag]).get(tag)

    def nobody(self, count: int) -> list[Person]:
        """Rows for verbatims without a person, durable when this returns."""
        with self._lock:
            new = {os.urandom(32): Person(_surrogate("verbatim"), os.urandom(32)) for _ in range(count)}
            self._keep(new, cache=False)
        return list(new.values())

    def holds(self, surrogate: str) -> bool:
        """Whether the surrogate's row still exists; False once the person is forgotten."""
        return self._by_surrogate(surrogate) is not None

    def forget(self, role: str, text: str) -> bool:
        """Destroys the row of this person; False when there is none.

        Durable, and gone from the file, on return.
        """
        return self._destroy(tag=self._tag(Reference(role, text)))

    def forget_surrogate(self, surrogate: str) -> bool:
        """The same for a surrogate, e.g. of a verbatim without a person."""
        return self._destroy(surrogate=surrogate)

    def open_verbatim(self, sealed: str) -> str | None:
        """The words behind a sealed verbatim; None when the person is forgotten or the text is not a sealed
        one.
        """
        try:
            prefix, surrogate, body = sealed.split(":", 2)
            box = urlsafe_b64decode(body)
        except ValueError:
            return None
        person = self._by_surrogate(surrogate) if prefix + ":" == SEALED_PREFIX else None
        if person is None:
            return None
        try:
            clear = AESGCM(person.sealing_key).decrypt(
                box[:NONCE_BYTES], box[NONCE_BYTES:], surrogate.encode()
            )
        except (InvalidTag, ValueError):
            return None
        return clear.decode()

    def seal_letter(self, raw: bytes) -> bytes:
        """Bytes of a refused event, encrypted under the secret file."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._letters.encrypt(nonce, raw, None)

    def open_letter(self, sealed: bytes) -> bytes:
        """What `seal_letter` took. ValueError when the secret file is not the one it was sealed with."""
        try:
            return self._letters.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except InvalidTag as error:
            raise ValueError("the dead letter was sealed under another vault.key") from error

    def digest(self, *parts: bytes) -> bytes:
        """A keyed digest by which equal bytes are recognised and nothing is learnt."""
        return hmac.digest(
            self._digest_key, b"\0".join(len(part).to_bytes(8, "big") + part for part in parts), "sha256"
        )

    def close(self) -> None:
        with self._lock:
            self._store.close()

    def _tag(self, reference: Reference) -> bytes:
        return hmac.digest(self._index_key, f"{reference.role}\0{reference.text}".encode(), "sha256")

    def _find(self, tags: Iterable[bytes]) -> dict[bytes, Person]:
        found: dict[bytes, Person] = {}
        missing: list[bytes] = []
        for tag in tags:
            person = self._cache.get(tag)
            if person is None:
                missing.append(tag)
            else:
                found[tag] = person
        for row in self._store.find(missing) if missing else ():
            person = Person(row.surrogate, self._unwrap(row.surrogate, row.sealing_key))
            found[row.tag] = self._remember(row.tag, person)
        return found

    def _keep(self, new: dict[bytes, Person], *, cache: bool = True) -> dict[bytes, Person]:
        """The persons as they are kept: of one that another door made meanwhile, its own."""
        mine = [PersonRow(tag, person.surrogate, self._wrapped(person)) for tag, person in new.items()]
        kept = dict(new)
        for row in self._store.keep(mine):
            kept[row.tag] = Person(row.surrogate, self._unwrap(row.surrogate, row.sealing_key))
        if cache:
            for tag, person in kept.items():
                self._remember(tag, person)
        return kept

    def _remember(self, tag: bytes, person: Person) -> Person:
        self._cache[tag] = person
        if len(self._cache) > self._cached_persons:
            self._cache.popitem(last=False)
        return person

    def _by_surrogate(self, surrogate: str) -> Person | None:
        with self._lock:
            row = self._store.by_surrogate(surrogate)
        return Person(surrogate, self._unwrap(surrogate, row.sealing_key)) if row else None

    def _destroy(self, *, tag: bytes | None = None, surrogate: str | None = None) -> bool:
        with self._lock:
            gone = self._store.destroy(tag=tag, surrogate=surrogate)
            for each in gone:
                self._cache.pop(each, None)
        if gone:
            metrics.persons_forgotten.inc()
        return bool(gone)

    def _wrapped(self, person: Person) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrap.encrypt(nonce, person.sealing_key, person.surrogate.encode())

    def _unwrap(self, surrogate: str, wrapped: bytes) -> bytes:
        try:
            return self._wrap.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], surrogate.encode())
        except InvalidTag as error:
            raise LogUnwritable("the persons do not belong to this vault.key") from error


def seal_verbatim(person: Person, text: str) -> str:
    """The words under the person's key, as text that can stand in their place."""
    nonce = os.urandom(NONCE_BYTES)
    box = nonce + AESGCM(person.sealing_key).encrypt(nonce, text.encode(), person.surrogate.encode())
    return f"{SEALED_PREFIX}{person.surrogate}:{urlsafe_b64encode(box).decode()}"


def sealed_for(sealed: str) -> str:
    """The surrogate whose key sealed these words."""
    return sealed.split(":", 2)[1]


def _surrogate(role: str) -> str:
    return SURROGATE_PREFIXES[role] + secrets.token_hex(12)


def _derive(secret: bytes, purpose: bytes) -> bytes:
    """One key a purpose, so that none is used with two algorithms (HKDF-Expand of RFC 5869, one block)."""
    return hmac.digest(secret, b"moments vault " + purpose + b"\x01", "sha256")


def _other_key(path: Path) -> str:
    return (
        f"the persons of this log are kept under the vault key of its first door: copy that door's "
        f"vault/vault.key to {path}"
    )


def _secret(path: Path, *, may_make: bool) -> bytes:
    """The secret file, made on first use; durable before anything is sealed under it."""
    if not may_make and not path.exists():
        raise LogMismatch(_other_key(path))
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = path.read_bytes()
        if len(secret) != SECRET_BYTES:
            raise LogUnwritable(f"{path.name} is not a vault key of {SECRET_BYTES} bytes") from None
        return secret
    try:
        secret = secrets.token_bytes(SECRET_BYTES)
        os.write(fd, secret)
        os.fsync(fd)
    finally:
        os.close(fd)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return secret
