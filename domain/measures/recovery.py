"""Recovery: what goes wrong and how it is put right."""

from domain.measures.measure import Direction, Interval, Kind, Measure, Thresholds

_VISITS = {
    "en": "visits",
    "uk": "візити",
    "ru": "визиты",
}

MEASURES = (
    Measure(
        code="complaints_per_1000",
        title={
            "en": "Complaints per 1,000 visits",
            "uk": "Скарги на 1000 візитів",
            "ru": "Жалобы на 1000 визитов",
        },
        unit="per_1000",
        direction=Direction.DOWN,
        kind=Kind.RATE,
        scale=1000.0,
        formula={
            "en": "1000·complaints / visits",
            "uk": "1000·скарги / візити",
            "ru": "1000·жалобы / визиты",
        },
        numerator={
            "en": "complaints",
            "uk": "скарги",
            "ru": "жалобы",
        },
        denominator=_VISITS,
        n=_VISITS,
        source=("outcomes", "visits"),
        owner_tier="provider",
        owner_departments=("duty_manager", "front_of_house"),
        standard=5,
        thresholds=Thresholds(warning=5, critical=10),
        interval=Interval.GARWOOD,
    ),
)
