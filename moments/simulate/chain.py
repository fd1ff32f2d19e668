"""Which sites the demonstration chain has, and what is wrong with some of them.

Three regions, 12 restaurants and 8 stores, eight zones, several day starts and currencies. A larger chain
repeats the twenty with further numbers, a smaller one takes the first of them. Every peculiarity here is
a pattern that somebody who looks at the boards should be able to find.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class SimulatedSite:
    """A site and its habits. Factors multiply the usual seconds (slow > 1) or the usual chance of a fault."""

    code: str
    region: str
    kind: str
    name: str
    timezone: str
    day_start: str
    currency: str
    price: int  # one plate or basket line, in whole units of the currency
    pace: float = 1.0  # visits against the chain's average site
    kitchen_at_lunch: float = 1.0
    courier: float = 1.0
    stock_faults: float = 1.0
    promises_short: bool = False  # promises less time than its own plan needs
    scanner_gaps: float = 0.02  # share of stages nobody reports
    recovers: float = 0.6  # chance that a failure ends well


_RUB, _UAH, _PLN, _KZT, _UZS, _GEL, _AMD = "RUB", "UAH", "PLN", "KZT", "UZS", "GEL", "AMD"
_R, _S = "restaurant", "store"

# Restaurants and stores of all regions alternate, so that any first N make a small chain of both kinds.
_TWENTY = (
    SimulatedSite("msk-01", "north", _R, "Москва, Арбат", "Europe/Moscow", "04:00", _RUB, 640, pace=1.5),
    SimulatedSite(
        "kyv-01",
        "west",
        _R,
        "Київ, Поділ",
        "Europe/Kyiv",
        "04:00",
        _UAH,
        260,
        pace=1.3,
        kitchen_at_lunch=1.75,
    ),
    SimulatedSite("msk-51", "north", _S, "Москва, Тверская", "Europe/Moscow", "00:00", _RUB, 410, pace=1.4),
    SimulatedSite("ala-01", "south", _R, "Алматы, Достык", "Asia/Almaty", "05:00", _KZT, 3200, courier=1.45),
    SimulatedSite("kyv-51", "west", _S, "Київ, Оболонь", "Europe/Kyiv", "00:00", _UAH, 180, pace=1.2),
    SimulatedSite(
        "spb-01",
        "north",
        _R,
        "Санкт-Петербург, Невский",
        "Europe/Moscow",
        "04:00",
        _RUB,
        590,
        pace=1.2,
        recovers=0.9,
    ),
    SimulatedSite(
        "ala-51", "south", _S, "Алматы, Абай", "Asia/Almaty", "00:00", _KZT, 2100, stock_faults=4.0
    ),
    SimulatedSite(
        "lviv-01", "west", _R, "Львів, Площа Ринок", "Europe/Kyiv", "04:30", _UAH, 240, recovers=0.85
    ),
    SimulatedSite("ekb-01", "north", _R, "Екатеринбург, Вайнера", "Asia/Yekaterinburg", "04:00", _RUB, 480),
    SimulatedSite("ode-51", "west", _S, "Одеса, Дерибасівська", "Europe/Kyiv", "03:00", _UAH, 170),
    SimulatedSite(
        "tas-01",
        "south",
        _R,
        "Toshkent, Amir Temur",
        "Asia/Tashkent",
        "04:00",
        _UZS,
        52000,
        scanner_gaps=0.25,
    ),
    SimulatedSite(
        "waw-01", "west", _R, "Warszawa, Nowy Świat", "Europe/Warsaw", "04:00", _PLN, 38, promises_short=True
    ),
    SimulatedSite("nsk-51", "north", _S, "Новосибирск, Красный", "Asia/Novosibirsk", "00:00", _RUB, 370),
    SimulatedSite("tbs-01", "south", _R, "თბილისი, რუსთაველი", "Asia/Tbilisi", "05:00", _GEL, 28, pace=0.8),
    SimulatedSite("msk-02", "north", _R, "Москва, Сокольники", "Europe/Moscow", "04:00", _RUB, 560, pace=1.1),
    SimulatedSite("waw-51", "west", _S, "Warszawa, Praga", "Europe/Warsaw", "00:00", _PLN, 27, pace=0.9),
    SimulatedSite(
        "nsk-01", "north", _R, "Новосибирск, Ленина", "Asia/Novosibirsk", "04:00", _RUB, 450, pace=0.9
    ),
    SimulatedSite("kyv-02", "west", _R, "Київ, Печерськ", "Europe/Kyiv", "04:00", _UAH, 310, recovers=0.35),
    SimulatedSite("yer-51", "south", _S, "Երևան, Աբովյան", "Asia/Yerevan", "02:00", _AMD, 1900, pace=0.7),
    SimulatedSite("spb-51", "north", _S, "Санкт-Петербург, Лиговский", "Europe/Moscow", "00:00", _RUB, 390),
)


def chain_of(sites: int) -> list[SimulatedSite]:
    """The first `sites` sites; past twenty the same habits return under further numbers (msk-101)."""
    return [_numbered(_TWENTY[index % len(_TWENTY)], index // len(_TWENTY)) for index in range(sites)]


def _numbered(site: SimulatedSite, turn: int) -> SimulatedSite:
    if turn == 0:
        return site
    city, number = site.code.split("-")
    return replace(site, code=f"{city}-{int(number) + 100 * turn:02d}", name=f"{site.name} {turn + 1}")
