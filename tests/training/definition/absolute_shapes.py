"""What is replaced in the good definition of absolute metrics, by what, and what is then said.

Mistakes of shape: the schema that editors use must refuse them too.
"""

SHAPES = [
    (
        "seats_used,",
        "seats_used, denominatr: x,",
        "12: metrics.seats.denominatr: unknown key; did you mean denominator?",
    ),
    (
        "kind: tier",
        "kind: teir",
        (
            "18: metrics.usage.kind: must be 'peer', 'ratio', 'growth', 'indicator', "
            "'recency', 'linear', 'tier', 'penalty' or 'learned_risk', not 'teir'"
        ),
    ),
    (
        "base: lag_12m",
        "base: lag_6m",
        "13: metrics.orders.base: must be 'mean_12m' or 'lag_12m', not 'lag_6m'",
    ),
    ("type: binary, ", "", "15: metrics.monitored.type: missing; for example `type: 'count'`"),
    ("best: 1000", "best: fast", "17: metrics.pages.best: must be a number, not 'fast'"),
    (
        "{alerts_90d: 15}",
        "[alerts_90d]",
        "19: metrics.alerts.deductions: must be a mapping of keys, not ['alerts_90d']",
    ),
    ("[logins, tenure]", "logins", "20: metrics.churn.inputs: must be a list, not 'logins'"),
    ("high: 100", "high: lots", "18: metrics.usage.scores.high: must be a number, not 'lots'"),
    ("180: 50", "180: half", "16: metrics.qbr.steps.180: must be a number, not 'half'"),
    (
        "180: 50",
        "half_a_year: 50",
        ("16: metrics.qbr.steps.half_a_year: is not a number; write thresholds such as 30 or 0.5"),
    ),
    (
        "max_age_days: 45",
        "max_age_days: '45'",
        ("13: metrics.orders.max_age_days: must be a number, not '45'; write it without quotes"),
    ),
    ("{minimum: 0.5}\ndrivers", "0.5\ndrivers", "6: coverage: must be a mapping of keys, not 0.5"),
    (
        "{minimum: 0.5}\ndrivers",
        "{min: 0.5}\ndrivers",
        "6: coverage.minimum: missing; for example `minimum: 0.5`",
    ),
    ("{top: 3}", "{top: 2.5}", "7: drivers.top: must be a whole number, not 2.5"),
    (
        "minimum_group: 10",
        "minimum_group: ten",
        "9: peers.minimum_group: must be a whole number, not 'ten'",
    ),
    (
        "take: count",
        "take: mean",
        "10: events.reviews_12m.take: must be 'sum', 'count' or 'latest', not 'mean'",
    ),
    (
        "days: 365",
        "weeks: 52",
        ("10: events.reviews_12m.weeks: unknown key; the keys here are event, take, days, months"),
    ),
    ("weights_total: 100", "weights_total: all", "4: weights_total: must be a number, not 'all'"),
    ("Healthy: 75", "Healthy: good", "5: bands.Healthy: must be a number, not 'good'"),
    (
        "[indicator.binary]",
        "indicator.binary",
        ("25: components.technical.allow.observability: must be a list, not 'indicator.binary'"),
    ),
    (
        "[indicator.binary]",
        "[indicator.binry]",
        (
            "25: components.technical.allow.observability.0: 'indicator.binry' is no kind of "
            "metric; did you mean indicator.binary?"
        ),
    ),
    (
        "coverage: {minimum: 0.5}, metrics",
        "coverage: {minimun: 0.5, minimum: 1}, metrics",
        (
            "28: components.technical.components.operations.coverage.minimun: unknown key; did "
            "you mean minimum?"
        ),
    ),
    (
        "coverage: {minimum: 0.5}, metrics",
        "coverage: {minimum: 0}, metrics",
        (
            "28: components.technical.components.operations.coverage.minimum: 0 is not a share "
            "above 0 and up to 1; leave it out to ask for none"
        ),
    ),
    (
        "{minimum: 0.5}\ndrivers",
        "{minimum: 50}\ndrivers",
        (
            "6: coverage.minimum: 50 is not a share above 0 and up to 1; leave it out to ask "
            "for none"
        ),
    ),
    ("{top: 3}", "{top: 0}", "7: drivers.top: 0 is not a number of drivers, 1 or more"),
    (
        "minimum_group: 10",
        "minimum_group: 4",
        ("9: peers.minimum_group: 4 accounts are too few to stay anonymous; ask for 5 or more"),
    ),
    (
        "days: 365",
        "days: 365, months: 12",
        (
            "10: events.reviews_12m.months: is given beside days; one of them says how far "
            "back events count"
        ),
    ),
    (
        "event: review",
        "event: ''",
        ("10: events.reviews_12m.event: is empty; name the event as the column `event` has it"),
    ),
]
