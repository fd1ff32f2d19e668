"""Attributes as every CloudEvents client can read them: a door is more lenient than strict parsers are.

The door takes any text as a source and every spelling of RFC 3339 as a time. Clients in Java, Go and
JavaScript give up on a source that is no URI reference, and on lower-case `t`, a 60th second or a tenth digit
in a time: one such event would stop a consumer that has nothing to do with it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from domain.times import Ms, format_rfc3339

_URI: Final = "!$&'()*+,/:;=?@~%"
_BARE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PLAIN_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)


@lru_cache(maxsize=8_192)
def uri_of(source: str) -> str:
    """The source as a URI reference (RFC 3986): itself when it is one already, else with the rest encoded."""
    text, hash_, fragment = source.partition("#")
    encoded = quote(_BARE_PERCENT.sub("%25", text), safe=_URI)
    first, slash, rest = encoded.partition("/")
    if ":" in first and not _SCHEME.match(first):
        encoded = first.replace(":", "%3A") + slash + rest
    return encoded + hash_ + quote(_BARE_PERCENT.sub("%25", fragment), safe=_URI)


def time_of(time: str, instant: Ms) -> str:
    """The time as its producer wrote it, or the same instant in UTC where that is a rare spelling."""
    return time if _PLAIN_TIME.fullmatch(time) else format_rfc3339(instant)
