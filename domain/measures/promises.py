"""Promises: kept or not, and whose the lateness, the near misses and the rescues are."""

from domain.measures.measure import BY_DEPARTMENT, Direction, Interval, Kind, Measure, Thresholds

_ENDED_ALL = {
    "en": "kept, late and broken promises",
    "uk": "дотримані, запізнілі та зірвані обіцянки",
    "ru": "сдержанные, опоздавшие и сорванные обещания",
}
_FULFILLED_ALL = {
    "en": "fulfilled promises",
    "uk": "виконані обіцянки",
    "ru": "исполненные обещания",
}
_LINE = {
    "en": "by department: those in which it owns a part of a miss, hid, rescued or over-promised",
    "uk": (
        "за підрозділами: ті, у яких він має частку порушення, щось приховав, врятував або надміру пообіцяв"
    ),
    "ru": "по подразделениям: те, в которых оно имеет долю нарушения, что-то скрыло, спасло или завысило",
}
_FULFILLED = {language: f"{_FULFILLED_ALL[language]}; {_LINE[language]}" for language in _LINE}
_ENDED = {language: f"{_ENDED_ALL[language]}; {_LINE[language]}" for language in _LINE}

MEASURES = (
    Measure(
        code="on_time",
        title={"en": "Promises kept", "uk": "Дотримані обіцянки", "ru": "Сдержанные обещания"},
        unit="ratio",
        direction=Direction.UP,
        kind=Kind.PROPORTION,
        formula={
            "en": "kept / (kept + late + broken)",
            "uk": "дотримані / (дотримані + запізнілі + зірвані)",
            "ru": "сдержанные / (сдержанные + опоздавшие + сорванные)",
        },
        numerator={
            "en": "kept promises",
            "uk": "дотримані обіцянки",
            "ru": "сдержанные обещания",
        },
        denominator=_ENDED_ALL,
        n=_ENDED_ALL,
        source=("promises",),
        owner_tier="management",
        owner_departments=("site_management",),
        standard=0.95,
        thresholds=Thresholds(warning=0.95, critical=0.9),
        interval=Interval.WILSON,
    ),
    Measure(
        code="late_minutes",
        title={"en": "Minutes late", "uk": "Хвилини запізнення", "ru": "Минуты опоздания"},
        unit="minutes",
        direction=Direction.DOWN,
        kind=Kind.TOTAL,
        formula={
            "en": "Σ max(0, T − P) / 60, shared by overrun: L·u(department)/U",
            "uk": "Σ max(0, T − P) / 60, розподілено за перевитратою: L·u(підрозділ)/U",
            "ru": "Σ max(0, T − P) / 60, распределено по перерасходу: L·u(подразделение)/U",
        },
        numerator={
            "en": "Σ minutes late",
            "uk": "Σ хвилин запізнення",
            "ru": "Σ минут опоздания",
        },
        denominator=_FULFILLED,
        n=_FULFILLED,
        source=("promises", "promise_ledger"),
        owner_tier="support",
        owner_departments=("kitchen", "logistics"),
        dimensions=BY_DEPARTMENT,
        interval=Interval.NONE,
        shared=True,
    ),
    Measure(
        code="promise_equivalents",
        title={
            "en": "Promises missed",
            "uk": "Порушені обіцянки",
            "ru": "Нарушенные обещания",
        },
        unit="promises",
        direction=Direction.DOWN,
        kind=Kind.TOTAL,
        formula={
            "en": "late and broken promises, one each, shared by overrun: u(department)/U",
            "uk": (
                "запізнілі та зірвані обіцянки, кожна за одиницю, розподілено за перевитратою: u(підрозділ)/U"
            ),
            "ru": (
                "опоздавшие и сорванные обещания, каждое за единицу, распределено по перерасходу: "
                "u(подразделение)/U"
            ),
        },
        numerator={
            "en": "Σ promise-equivalents",
            "uk": "Σ часток порушених обіцянок",
            "ru": "Σ долей нарушенных обещаний",
        },
        denominator=_ENDED,
        n=_ENDED,
        source=("promises", "promise_ledger"),
        owner_tier="support",
        owner_departments=("kitchen", "logistics"),
        dimensions=BY_DEPARTMENT,
        interval=Interval.NONE,
        shared=True,
    ),
    Measure(
        code="hidden_minutes",
        title={
            "en": "Hidden overrun: near misses",
            "uk": "Приховані перевитрати: майже зриви",
            "ru": "Скрытый перерасход: почти срывы",
        },
        unit="minutes",
        direction=Direction.DOWN,
        kind=Kind.TOTAL,
        formula={
            "en": "Σ (u − A) / 60: overrun that others or slack absorbed",
            "uk": "Σ (u − A) / 60: перевитрата, яку поглинули інші або запас часу",
            "ru": "Σ (u − A) / 60: перерасход, который поглотили другие или запас времени",
        },
        numerator={
            "en": "Σ minutes of overrun absorbed",
            "uk": "Σ хвилин поглинутої перевитрати",
            "ru": "Σ минут поглощённого перерасхода",
        },
        denominator=_FULFILLED,
        n=_FULFILLED,
        source=("promises", "promise_ledger"),
        owner_tier="support",
        owner_departments=("kitchen", "logistics"),
        dimensions=BY_DEPARTMENT,
        interval=Interval.NONE,
        shared=True,
    ),
    Measure(
        code="rescue_minutes",
        title={
            "en": "Minutes rescued",
            "uk": "Врятовані хвилини",
            "ru": "Спасённые минуты",
        },
        unit="minutes",
        direction=Direction.UP,
        kind=Kind.TOTAL,
        formula={
            "en": "Σ M·c(department)/(C + s) / 60: others' overrun made good; slack's part is nobody's",
            "uk": (
                "Σ M·c(підрозділ)/(C + s) / 60: надолужена перевитрата інших; "
                "частина запасу часу не належить нікому"
            ),
            "ru": (
                "Σ M·c(подразделение)/(C + s) / 60: наверстанный перерасход других; "
                "часть запаса времени не принадлежит никому"
            ),
        },
        numerator={
            "en": "Σ minutes rescued by departments",
            "uk": "Σ хвилин, врятованих підрозділами",
            "ru": "Σ минут, спасённых подразделениями",
        },
        denominator=_FULFILLED,
        n=_FULFILLED,
        source=("promises", "promise_ledger"),
        owner_tier="provider",
        owner_departments=("front_of_house",),
        dimensions=BY_DEPARTMENT,
        interval=Interval.NONE,
        shared=True,
        unowned="slack_minutes",
    ),
    Measure(
        code="slack_minutes",
        title={
            "en": "Minutes rescued by slack",
            "uk": "Хвилини, врятовані запасом часу",
            "ru": "Минуты, спасённые запасом времени",
        },
        unit="minutes",
        direction=Direction.NEUTRAL,
        kind=Kind.TOTAL,
        formula={
            "en": "Σ M·s/(C + s) / 60: overrun made good by the window's own slack, nobody's merit",
            "uk": "Σ M·s/(C + s) / 60: перевитрата, яку покрив запас часу самого вікна, – нічия заслуга",
            "ru": "Σ M·s/(C + s) / 60: перерасход, который покрыл запас времени самого окна, – ничья заслуга",
        },
        numerator={
            "en": "Σ minutes rescued by slack",
            "uk": "Σ хвилин, врятованих запасом часу",
            "ru": "Σ минут, спасённых запасом времени",
        },
        denominator=_FULFILLED_ALL,
        n=_FULFILLED_ALL,
        source=("promises",),
        owner_tier="management",
        owner_departments=("site_management",),
        interval=Interval.NONE,
    ),
    Measure(
        code="over_promise_minutes",
        title={
            "en": "Minutes over-promised",
            "uk": "Хвилини надмірних обіцянок",
            "ru": "Минуты завышенных обещаний",
        },
        unit="minutes",
        direction=Direction.DOWN,
        kind=Kind.TOTAL,
        formula={
            "en": "Σ max(0, B − P) / 60 over fulfilled promises, kept or late",
            "uk": "Σ max(0, B − P) / 60 за виконаними обіцянками, дотриманими чи запізнілими",
            "ru": "Σ max(0, B − P) / 60 по исполненным обещаниям, сдержанным или опоздавшим",
        },
        numerator={
            "en": "Σ minutes promised below the plan",
            "uk": "Σ хвилин, обіцяних менше за план",
            "ru": "Σ минут, обещанных меньше плана",
        },
        denominator=_FULFILLED,
        n=_FULFILLED,
        source=("promises", "promise_ledger"),
        owner_tier="management",
        owner_departments=("site_management", "marketing"),
        dimensions=BY_DEPARTMENT,
        interval=Interval.NONE,
        shared=True,
    ),
)
