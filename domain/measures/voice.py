"""Voice: what customers say. The score distribution and the response rate belong beside each (not here
yet).
"""

from domain.measures.measure import Direction, Interval, Kind, Measure, Thresholds

_ANSWERS = {
    "en": "answers",
    "uk": "відповіді",
    "ru": "ответы",
}

MEASURES = (
    Measure(
        code="nps",
        title={
            "en": "Net promoter score",
            "uk": "Індекс готовності рекомендувати (NPS)",
            "ru": "Индекс готовности рекомендовать (NPS)",
        },
        unit="nps",
        direction=Direction.UP,
        kind=Kind.NPS,
        scale=100.0,
        formula={
            "en": "100·(promoters 9–10 − detractors 0–6) / answers",
            "uk": "100·(промоутери 9–10 − критики 0–6) / відповіді",
            "ru": "100·(промоутеры 9–10 − критики 0–6) / ответы",
        },
        numerator={
            "en": "promoters less detractors",
            "uk": "промоутери мінус критики",
            "ru": "промоутеры минус критики",
        },
        denominator=_ANSWERS,
        n=_ANSWERS,
        source=("outcomes",),
        owner_tier="management",
        owner_departments=("head_office", "site_management"),
        standard=50,
        thresholds=Thresholds(warning=50, critical=30),
        interval=Interval.ADJUSTED_WALD,
    ),
    Measure(
        code="csat",
        title={
            "en": "Satisfied customers (CSAT)",
            "uk": "Задоволені клієнти (CSAT)",
            "ru": "Довольные клиенты (CSAT)",
        },
        unit="ratio",
        direction=Direction.UP,
        kind=Kind.PROPORTION,
        formula={
            "en": "answers of 4 or 5 out of 5 / answers",
            "uk": "відповіді 4 або 5 з 5 / відповіді",
            "ru": "ответы 4 или 5 из 5 / ответы",
        },
        numerator={
            "en": "answers of 4 or 5",
            "uk": "відповіді 4 або 5",
            "ru": "ответы 4 или 5",
        },
        denominator=_ANSWERS,
        n=_ANSWERS,
        source=("outcomes",),
        owner_tier="provider",
        owner_departments=("front_of_house", "contact_l1"),
        standard=0.85,
        thresholds=Thresholds(warning=0.85, critical=0.75),
        interval=Interval.WILSON,
    ),
)
