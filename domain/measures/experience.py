"""Experience: the visit experience score, its two ledgers and what the customer leaves with."""

from domain.measures.measure import BY_DEPARTMENT, Direction, Interval, Kind, Measure, Thresholds

_VISITS = {
    "en": "visits",
    "uk": "візити",
    "ru": "визиты",
}
_SCORED = {
    "en": "visits with a moment",
    "uk": "візити з моментом",
    "ru": "визиты с моментом",
}
_MOMENTS = {
    "en": "moments",
    "uk": "моменти",
    "ru": "моменты",
}
_GOOD_SO_FAR = {
    "en": "visits of two moments or more, all but the last at standard",
    "uk": "візити з двома моментами чи більше, де всі, крім останнього, не нижче стандарту",
    "ru": "визиты с двумя моментами и более, где все, кроме последнего, не ниже стандарта",
}
_BAD_SO_FAR = {
    "en": "visits of two moments or more, one before the last under standard",
    "uk": "візити з двома моментами чи більше, де котрийсь до останнього нижче стандарту",
    "ru": "визиты с двумя моментами и более, где какой-то до последнего ниже стандарта",
}
_OWING = {
    "en": "visits with a moment; by department: visits it owes points in",
    "uk": "візити з моментом; за підрозділами: візити, у яких підрозділ винен бали",
    "ru": "визиты с моментом; по подразделениям: визиты, в которых подразделение должно баллы",
}
_EARNING = {
    "en": "visits with a moment; by department: visits it earns points in",
    "uk": "візити з моментом; за підрозділами: візити, у яких підрозділ заробив бали",
    "ru": "визиты с моментом; по подразделениям: визиты, в которых подразделение заработало баллы",
}

MEASURES = (
    Measure(
        code="ves",
        title={
            "en": "Visit experience score",
            "uk": "Оцінка досвіду візиту",
            "ru": "Оценка опыта визита",
        },
        unit="score",
        direction=Direction.UP,
        kind=Kind.MEAN,
        formula={
            "en": "mean over visits with a moment of Σ ω̃·s",
            "uk": "середнє Σ ω̃·s за візитами з моментом",
            "ru": "среднее Σ ω̃·s по визитам с моментом",
        },
        numerator={
            "en": "Σ VES of visits",
            "uk": "Σ оцінок VES візитів",
            "ru": "Σ оценок VES визитов",
        },
        denominator=_SCORED,
        n=_SCORED,
        source=("visits",),
        owner_tier="provider",
        owner_departments=("front_of_house", "sales_floor", "checkout"),
        standard=75,
        thresholds=Thresholds(warning=75, critical=70),
        interval=Interval.STUDENT,
    ),
    Measure(
        code="above_standard",
        title={
            "en": "Moments at or above the standard",
            "uk": "Моменти не нижче стандарту",
            "ru": "Моменты не ниже стандарта",
        },
        unit="ratio",
        direction=Direction.UP,
        kind=Kind.PROPORTION,
        formula={
            "en": "moments with s ≥ 75 / all moments, derived ones and those without a visit included",
            "uk": "моменти з s ≥ 75 / усі моменти, разом із виведеними й тими, що без візиту",
            "ru": "моменты с s ≥ 75 / все моменты, включая выведенные и те, что без визита",
        },
        numerator={
            "en": "moments with a score of 75 or more",
            "uk": "моменти з оцінкою 75 або вищою",
            "ru": "моменты с оценкой 75 и выше",
        },
        denominator=_MOMENTS,
        n=_MOMENTS,
        source=("visits", "loose_moments"),
        owner_tier="provider",
        owner_departments=("front_of_house", "sales_floor", "checkout"),
        standard=0.9,
        thresholds=Thresholds(warning=0.9, critical=0.8),
        interval=Interval.WILSON,
    ),
    Measure(
        code="wow_rate",
        title={
            "en": "Visits with a wow",
            "uk": "Візити з вау-моментом",
            "ru": "Визиты с вау-моментом",
        },
        unit="ratio",
        direction=Direction.UP,
        kind=Kind.PROPORTION,
        formula={
            "en": "visits with a wow / visits",
            "uk": "візити з вау-моментом / візити",
            "ru": "визиты с вау-моментом / визиты",
        },
        numerator={
            "en": "visits with a moment of outcome wow or a wow delivered",
            "uk": "візити, де момент оцінено як «вау» або клієнтові зробили вау",
            "ru": "визиты, где момент оценён как «вау» или клиенту сделали вау",
        },
        denominator=_VISITS,
        n=_VISITS,
        source=("visits",),
        owner_tier="provider",
        owner_departments=("front_of_house", "sales_floor"),
        standard=0.05,
        interval=Interval.WILSON,
    ),
    Measure(
        code="last_score",
        title={
            "en": "Last impression",
            "uk": "Останнє враження",
            "ru": "Последнее впечатление",
        },
        unit="score",
        direction=Direction.UP,
        kind=Kind.MEAN,
        formula={
            "en": "mean score of a visit's last moment",
            "uk": "середня оцінка останнього моменту візиту",
            "ru": "средняя оценка последнего момента визита",
        },
        numerator={
            "en": "Σ score of the last moment",
            "uk": "Σ оцінок останнього моменту",
            "ru": "Σ оценок последнего момента",
        },
        denominator=_SCORED,
        n=_SCORED,
        source=("visits",),
        owner_tier="provider",
        owner_departments=("front_of_house", "checkout"),
        standard=75,
        thresholds=Thresholds(warning=75, critical=70),
        interval=Interval.STUDENT,
    ),
    Measure(
        code="spoil",
        title={
            "en": "Good visits spoilt at the end",
            "uk": "Добрі візити, зіпсовані наприкінці",
            "ru": "Хорошие визиты, испорченные в конце",
        },
        unit="ratio",
        direction=Direction.DOWN,
        kind=Kind.PROPORTION,
        formula={
            "en": "visits of two moments or more: all earlier s ≥ 75 and last s < 75 / all earlier s ≥ 75",
            "uk": (
                "візити з двома моментами чи більше: усі попередні s ≥ 75 й останній s < 75 / "
                "усі попередні s ≥ 75"
            ),
            "ru": (
                "визиты с двумя моментами и более: все предыдущие s ≥ 75 и последний s < 75 / "
                "все предыдущие s ≥ 75"
            ),
        },
        numerator={
            "en": "visits spoilt by their last moment",
            "uk": "візити, зіпсовані останнім моментом",
            "ru": "визиты, испорченные последним моментом",
        },
        denominator=_GOOD_SO_FAR,
        n=_GOOD_SO_FAR,
        source=("visits",),
        owner_tier="provider",
        owner_departments=("front_of_house", "checkout"),
        standard=0.05,
        thresholds=Thresholds(warning=0.05, critical=0.1),
        interval=Interval.WILSON,
    ),
    Measure(
        code="save",
        title={
            "en": "Bad visits saved at the end",
            "uk": "Невдалі візити, врятовані наприкінці",
            "ru": "Неудачные визиты, спасённые в конце",
        },
        unit="ratio",
        direction=Direction.UP,
        kind=Kind.PROPORTION,
        formula={
            "en": "visits of two moments or more: an earlier s < 75 and last s ≥ 90 / an earlier s < 75",
            "uk": (
                "візити з двома моментами чи більше: "
                "котрийсь із попередніх s < 75 й останній s ≥ 90 / котрийсь із попередніх s < 75"
            ),
            "ru": (
                "визиты с двумя моментами и более: "
                "какой-то из предыдущих s < 75 и последний s ≥ 90 / какой-то из предыдущих s < 75"
            ),
        },
        numerator={
            "en": "visits saved by their last moment",
            "uk": "візити, врятовані останнім моментом",
            "ru": "визиты, спасённые последним моментом",
        },
        denominator=_BAD_SO_FAR,
        n=_BAD_SO_FAR,
        source=("visits",),
        owner_tier="provider",
        owner_departments=("front_of_house", "duty_manager"),
        standard=0.3,
        thresholds=Thresholds(warning=0.3, critical=0.15),
        interval=Interval.WILSON,
    ),
    Measure(
        code="debit_points",
        title={
            "en": "Debit points: experience lost",
            "uk": "Дебетові бали: втрачений досвід",
            "ru": "Дебетовые баллы: потерянный опыт",
        },
        unit="points",
        direction=Direction.DOWN,
        kind=Kind.TOTAL,
        formula={
            "en": "Σ over visits of ω̃·max(0, 75 − s)·r(department)",
            "uk": "Σ за візитами ω̃·max(0, 75 − s)·r(підрозділ)",
            "ru": "Σ по визитам ω̃·max(0, 75 − s)·r(подразделение)",
        },
        numerator={
            "en": "Σ debit points",
            "uk": "Σ дебетових балів",
            "ru": "Σ дебетовых баллов",
        },
        denominator=_OWING,
        n=_OWING,
        source=("visits", "visit_ledger"),
        owner_tier="management",
        owner_departments=("site_management",),
        dimensions=BY_DEPARTMENT,
        interval=Interval.NONE,
        shared=True,
    ),
    Measure(
        code="credit_points",
        title={
            "en": "Credit points: experience given",
            "uk": "Кредитові бали: подарований досвід",
            "ru": "Кредитовые баллы: подаренный опыт",
        },
        unit="points",
        direction=Direction.UP,
        kind=Kind.TOTAL,
        formula={
            "en": "Σ over visits of ω̃·max(0, s − 75)·r(department)",
            "uk": "Σ за візитами ω̃·max(0, s − 75)·r(підрозділ)",
            "ru": "Σ по визитам ω̃·max(0, s − 75)·r(подразделение)",
        },
        numerator={
            "en": "Σ credit points",
            "uk": "Σ кредитових балів",
            "ru": "Σ кредитовых баллов",
        },
        denominator=_EARNING,
        n=_EARNING,
        source=("visits", "visit_ledger"),
        owner_tier="provider",
        owner_departments=("front_of_house", "sales_floor"),
        dimensions=BY_DEPARTMENT,
        interval=Interval.NONE,
        shared=True,
    ),
    Measure(
        code="evidence_coverage",
        title={
            "en": "Debit backed by evidence",
            "uk": "Дебет, підкріплений доказами",
            "ru": "Дебет, подкреплённый доказательствами",
        },
        unit="ratio",
        direction=Direction.UP,
        kind=Kind.RATIO,
        formula={
            "en": "debit points on stage overrun or root cause, not of `unmeasured` / all debit points",
            "uk": (
                "дебетові бали за перевитратою етапу або першопричиною, без `unmeasured` / усі дебетові бали"
            ),
            "ru": (
                "дебетовые баллы по перерасходу этапа или первопричине, без `unmeasured` / "
                "все дебетовые баллы"
            ),
        },
        numerator={
            "en": "debit points on evidence",
            "uk": "дебетові бали, підкріплені доказами",
            "ru": "дебетовые баллы, подкреплённые доказательствами",
        },
        denominator={
            "en": "debit points",
            "uk": "дебетові бали",
            "ru": "дебетовые баллы",
        },
        n={
            "en": "visits with debit points; by department: visits it owes points in",
            "uk": "візити з дебетовими балами; за підрозділами: візити, у яких підрозділ винен бали",
            "ru": (
                "визиты с дебетовыми баллами; по подразделениям: визиты, в которых подразделение должно баллы"
            ),
        },
        source=("visit_ledger",),
        owner_tier="management",
        owner_departments=("site_management", "head_office"),
        dimensions=BY_DEPARTMENT,
        standard=0.6,
        thresholds=Thresholds(warning=0.6, critical=0.4),
        interval=Interval.NONE,
    ),
)
