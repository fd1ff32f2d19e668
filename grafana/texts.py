"""The one table of wording (`texts.toml`): every title, description and word a board shows, in three
languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from domain.dictionary import LANGUAGES, RING_TITLES, TIER_TITLES

TABLE = Path(__file__).with_name("texts.toml")


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """Key (`section.name`) to language to text."""
    sections: Mapping[str, Mapping[str, Any]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        f"{section}.{name}": texts for section, entries in sections.items() for name, texts in entries.items()
    }


class Texts:
    """The table in one language.

    A key that is not in the table is a KeyError at build time: no board is ever half translated.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise ValueError(f"{language!r} is none of {', '.join(LANGUAGES)}")
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, its `{name}` places filled."""
        text = table()[key][self.language]
        return text.format(**values) if values else text

    def or_code(self, section: str, code: str) -> str:
        """The text of a code, or the code itself: a unit that a new measure brings needs no work here."""
        texts = table().get(f"{section}.{code}")
        return code if texts is None else texts[self.language]

    def of(self, titles: Mapping[str, str]) -> str:
        """A title that carries its own languages (a measure's, a department's)."""
        return titles[self.language]

    def section(self, name: str) -> dict[str, str]:
        """All texts of a section by their short names."""
        prefix = f"{name}."
        return {
            key.removeprefix(prefix): texts[self.language]
            for key, texts in table().items()
            if key.startswith(prefix)
        }

    def tiers(self) -> dict[str, str]:
        """Tiers by code."""
        return {tier.value: self.of(titles) for tier, titles in TIER_TITLES.items()}

    def rings(self) -> dict[str, str]:
        """Rings by code."""
        return {ring.value: self.of(titles) for ring, titles in RING_TITLES.items()}
