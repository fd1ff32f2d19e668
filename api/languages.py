"""Titles in the reader's language: Accept-Language names one of those there are, else all are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request

LANGUAGES = ("en", "uk", "ru")


async def _language(request: Request) -> str | None:
    """The most wanted of the languages there are; None (all titles) when none is asked for by name."""
    best, chosen = 0.0, None
    for item in request.headers.get("accept-language", "").split(","):
        tag, _, parameter = item.strip().lower().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        code = tag.strip().split("-")[0]
        if code in LANGUAGES and quality > best:
            best, chosen = quality, code
    return chosen


Language = Annotated[str | None, Depends(_language)]


def titled(titles: Mapping[str, str], language: str | None) -> str | Mapping[str, str]:
    """The title in one language, or all of them by language."""
    return titles if language is None else titles.get(language, titles.get("en", ""))
