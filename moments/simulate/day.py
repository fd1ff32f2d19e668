"""One site's business day being written: its random source, its clock and its lines."""

from bisect import bisect
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from math import exp
from random import Random
from statistics import NormalDist
from zoneinfo import ZoneInfo

from moments.simulate.chain import SimulatedSite
from moments.uuid7 import uuid7_from_bits

_NOON = time(12)
_SPREAD = 4096
# A lognormal spread around 1 (sigma 0.25) as a table: a draw is an index, ten times faster than the formula.
_FACTORS = tuple(exp(0.25 * NormalDist().inv_cdf((index + 0.5) / _SPREAD)) for index in range(_SPREAD))


class Day:
    """The lines of one site and local date. Times are milliseconds since the site's local midnight.

    All randomness comes from one generator seeded by (seed, site, date): a day is the same whether it is
    written as history or lived through, and whatever other sites and days are asked for.
    """

    def __init__(self, site: SimulatedSite, on: date, seed: int) -> None:
        self.site = site
        self.on = on
        self.random = Random(f"{seed}/{site.code}/{on}")
        self.month_end = (on + timedelta(days=3)).month != on.month
        offset = datetime.combine(on, _NOON, ZoneInfo(site.timezone)).utcoffset() or timedelta()
        midnight = datetime.combine(on, time(), UTC) - offset
        self._midnight_ms = int(midnight.timestamp()) * 1000
        minutes = int(offset.total_seconds()) // 60
        self._offset = f"{'+' if minutes >= 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
        self._dates = [(on + timedelta(days=days)).isoformat() for days in range(8)]
        self._head = f'","source":"/sites/{site.code}/'
        self._tail = f'","siteid":"{site.code}","data":{{'
        self.lines: list[tuple[int, str]] = []

    def write(self, at: int, type_: str, source: str, data: str) -> str:
        """Adds one event (`data` is JSON without its braces) and returns its id."""
        event_id = self.mint(at)
        line = (
            f'{{"specversion":"1.0","id":"{event_id}{self._head}{source}","type":"moments.{type_}",'
            f'"time":"{self.text(at)}{self._tail}{data}}}}}\n'
        )
        self.lines.append((self._midnight_ms + at, line))
        return event_id

    def text(self, at: int) -> str:
        """RFC 3339 with the site's own offset."""
        second, ms = divmod(at, 1000)
        minute, second = divmod(second, 60)
        hour, minute = divmod(minute, 60)
        day, hour = divmod(hour, 24)
        return f"{self._dates[day]}T{hour:02d}:{minute:02d}:{second:02d}.{ms:03d}{self._offset}"

    def mint(self, at: int) -> str:
        """A UUIDv7 of that moment."""
        return uuid7_from_bits(self._midnight_ms + at, self.random.getrandbits(74))

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self.random.random() < probability

    def seconds(self, usual: float, factor: float = 1.0) -> int:
        """Whole seconds around the usual ones."""
        return max(1, int(usual * factor * _FACTORS[self.random.getrandbits(12)]))

    def clock(self, opens: int, closes: int, peaks: tuple[int, ...]) -> int:
        """A moment of the opening hours (in hours), busier around the peaks."""
        if self.chance(0.7):
            peak = peaks[int(self.random.random() * len(peaks))]
            hour = peak + 1.3 * (self.random.random() + self.random.random() - 1)
        else:
            hour = opens + (closes - opens) * self.random.random()
        return int(min(max(hour, opens), closes - 0.1) * 3_600_000)


class Choice:
    """A weighted choice among a few values."""

    def __init__(self, **weights: float) -> None:
        self._values = tuple(weights)
        self._bounds = list(accumulate(weights.values()))

    def __call__(self, random: Random) -> str:
        return self._values[
            min(bisect(self._bounds, random.random() * self._bounds[-1]), len(self._values) - 1)
        ]
