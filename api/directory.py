"""The structure as answers speak of it: sites with their regions over time, and the dictionary in force at a
date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from domain.dictionary import Dictionary
from domain.structure import SiteVersion, StructureState
from domain.times import Ms


@dataclass(frozen=True, kw_only=True)
class Directory:
    """A frozen picture of the structure; made anew when a decision comes.

    versions: of every site, each site's in the order of their days. departments: department → tier.
    dictionary: the codes in force at a date (None: the latest). day_start: the first instant of a site's
    business day.
    """

    versions: tuple[SiteVersion, ...]
    departments: Mapping[str, str]
    channels: frozenset[str]
    dictionary: Callable[[date | None], Dictionary]
    day_start: Callable[[str, date], Ms]

    @cached_property
    def sites(self) -> Mapping[str, SiteVersion]:
        """Every site's latest version, also of closed ones: their past can be asked for."""
        return {version.site: version for version in self.versions}

    @cached_property
    def regions(self) -> frozenset[str]:
        """Every region any site was ever in."""
        return frozenset(version.region for version in self.versions)

    @cached_property
    def regions_of(self) -> Mapping[str, frozenset[str]]:
        """Every region a site was ever in, by site."""
        out: dict[str, set[str]] = {}
        for version in self.versions:
            out.setdefault(version.site, set()).add(version.region)
        return {site: frozenset(regions) for site, regions in out.items()}

    @cached_property
    def tiers(self) -> frozenset[str]:
        return frozenset(self.departments.values())

    @cached_property
    def timezones(self) -> tuple[str, ...]:
        return tuple(sorted({version.timezone for version in self.versions}))

    def sites_on(self, day: date | None) -> list[SiteVersion]:
        """Sites as they are on a day (None: latest), by code; closed and not yet opened ones are left out."""
        if day is None:
            return sorted(
                (version for version in self.sites.values() if version.closed is None),
                key=lambda version: version.site,
            )
        found = {version.site: version for version in self.versions if version.valid_from <= day}
        return sorted(
            (
                version
                for version in found.values()
                if (version.opened is None or version.opened <= day)
                and (version.closed is None or day < version.closed)
            ),
            key=lambda version: version.site,
        )


def directory_of(structure: StructureState) -> Directory:
    """The picture of a structure as it is now."""
    dictionary = structure.dictionary()
    return Directory(
        versions=tuple(version for site in structure.sites() for version in structure.site_versions(site)),
        departments={code: entry.tier.value for code, entry in dictionary.departments.items()},
        channels=frozenset(dictionary.channels),
        dictionary=structure.dictionary,
        day_start=lambda site, day: structure.calendar(site).day_start(day),
    )
