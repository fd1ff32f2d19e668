"""The keys of one run: besides the stored ones, two tokens that end with the platform that made them.

The admin token is in the run file (mode 0600), so that whoever owns the data folder needs no other key on
this machine; the read token is for the lines `moments up --demo` prints.
"""

import hmac
import os
import secrets
from pathlib import Path
from typing import NamedTuple

from ingest.keys import Keys, KeyScope
from moments.settings import Settings

_ADMIN, _READ = "_RUN_ADMIN_TOKEN", "_RUN_READ_TOKEN"


class RunTokens(NamedTuple):
    """The tokens of one run; children get them through their environment."""

    admin: str
    read: str

    @classmethod
    def fresh(cls) -> "RunTokens":
        """New tokens for a new run."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32))

    @classmethod
    def inherited(cls) -> "RunTokens | None":
        """The tokens of the run this process belongs to; None when it was started alone."""
        admin, read = os.environ.get(_ADMIN), os.environ.get(_READ)
        return cls(admin, read) if admin and read else None

    def environment(self) -> dict[str, str]:
        """How a child gets them."""
        return {_ADMIN: self.admin, _READ: self.read}


class RunKeys(Keys):
    """The key store, with the tokens of this run beside it."""

    def __init__(self, path: Path, *, admin_key: str | None = None, tokens: RunTokens | None = None) -> None:
        super().__init__(path, admin_key=admin_key)
        self._tokens = tokens

    def check(self, token: str) -> KeyScope | None:
        """The scope behind a token of this run, or behind a stored key."""
        if self._tokens is not None:
            given = token.encode("utf-8", "surrogatepass")
            if hmac.compare_digest(given, self._tokens.admin.encode()):
                return KeyScope("this run", "admin")
            if hmac.compare_digest(given, self._tokens.read.encode()):
                return KeyScope("this run, reading", "read")
        return super().check(token)


def keys_of(settings: Settings, path: Path) -> RunKeys:
    """The keys as a part of the platform checks them."""
    admin_key = settings.admin_key.get_secret_value() if settings.admin_key else None
    return RunKeys(path, admin_key=admin_key, tokens=RunTokens.inherited())
