"""What is replaced in the good definition of absolute metrics, by what, and what is then said.

What contradicts itself: only the reader sees it.
"""

CONTRADICTIONS = [
    (
        "weight: 60",
        "weight: 59",
        "4: weights_total: the weights of adoption, technical sum to 99, not to 100",
    ),
    (
        "weights_total: 100",
        "weights_total: -1",
        "4: weights_total: -1 is not a number above 0, such as 100",
    ),
    (
        "Critical: 0",
        "Critical: 25",
        "5: bands: no band from 0 to 25: let Critical begin at 0, or add a band that does",
    ),
    ("Watch: 50", "Watch: 75", "5: bands.Watch: overlaps Healthy: both begin at 75"),
    (
        "Healthy: 75",
        "Healthy: 175",
        "5: bands.Healthy: begins at 175, outside the scale: from 0 to below 100",
    ),
    (
        "Healthy: 75",
        "Healthy: .nan",
        "5: bands.Healthy: begins at nan, outside the scale: from 0 to below 100",
    ),
    ("Watch: 50", "' ': 50", "5: bands. : a band needs a name"),
    ("Watch: 50", "healthy: 50", "5: bands.healthy: can be mistaken for the band 'Healthy'"),
    (
        "[indicator.binary]",
        "[ratio]",
        (
            "27: components.technical.components.observability.metrics.monitored: monitored is "
            "of kind indicator.binary; observability allows ratio"
        ),
    ),
    (
        "metrics: {monitored: 1}",
        "metrics: {monitored: 1, rate: 1}",
        (
            "27: components.technical.components.observability.metrics.rate: rate is not "
            "declared under `metrics`"
        ),
    ),
    (
        "      operations: {",
        "      operation: {",
        (
            "28: components.technical.components.operation: technical allows no component "
            "operation; did you mean operations?"
        ),
        "25: components.technical.allow.operations: technical has no component operations",
    ),
    (
        "input: page_ms",
        "input: last_qbr",
        "17: metrics.pages.input: last_qbr is a number here, and a date for metric qbr",
    ),
    (
        "cohort: insider",
        "cohort: usage_tier",
        ("18: metrics.usage.input: usage_tier is a category here, and a boolean for metric qbr"),
    ),
    (
        "as_of: counted",
        "as_of: page_ms",
        "17: metrics.pages.input: page_ms is a number here, and a date for metric orders",
    ),
    (
        "input: page_ms",
        "input: usage",
        (
            "18: metrics.usage: usage is also a column, of metric pages; call the metric "
            "something else"
        ),
    ),
    (
        "input: page_ms",
        "input: page-ms",
        ("17: metrics.pages.input: 'page-ms' is not a name: a letter, then letters, digits and _"),
    ),
    (
        ", max_age_days: 45",
        "",
        (
            "13: metrics.orders.as_of: is of no use alone; say by `max_age_days` from when on "
            "facts are stale"
        ),
    ),
    (
        "as_of: counted, ",
        "",
        (
            "13: metrics.orders.max_age_days: is of no use alone; say by `as_of` which column "
            "dates the facts"
        ),
    ),
    (
        "max_age_days: 45",
        "max_age_days: 0",
        "13: metrics.orders.max_age_days: 0 is not a number of days above 0",
    ),
    (
        "denominator: seats_bought",
        "denominator: seats_used",
        "12: metrics.seats.denominator: is the numerator too, so the ratio is always 1",
    ),
    (
        "worst: 5000",
        "worst: 1000",
        "17: metrics.pages.worst: is 1000, as `best` is; between them lie the points",
    ),
    (
        "180: 50",
        "180: 500",
        "16: metrics.qbr.steps: points are from 0 to 100, not 500",
        ("16: metrics.qbr.steps: points rise with the days; the more recent a date, the better"),
    ),
    (
        "steps: {180: 50, 90: 100}",
        "steps: {90: 100, 90.0: 50}",
        ("16: metrics.qbr.steps: the thresholds do not ascend; give each once, the smallest first"),
    ),
    (
        "reviews_12m: {event",
        "revues_12m: {event",
        "10: events.revues_12m: no metric reads revues_12m",
    ),
    (
        "take: count",
        "take: latest",
        ("10: events.reviews_12m.take: latest gives a date, and metric reviews reads a number"),
    ),
    (
        "days: 365",
        "days: 0",
        "10: events.reviews_12m.days: 0 is not a number of days from 1 to 36525",
    ),
    (
        "{dimensions: [acct_size]",
        "{dimensions: [acct_siz]",
        (
            "8: peer_dimensions.0: nothing is compared by acct_size: there is no peer metric, "
            "nor is it in `peers`"
        ),
        ("9: peers.dimensions.0: acct_siz is no column of this card; add it to `peer_dimensions`"),
    ),
    (
        "{dimensions: [acct_size]",
        "{dimensions: [acct_size, usage_tier]",
        "9: peers.dimensions.1: usage_tier is a category; accounts are alike by numbers",
    ),
    (
        "{dimensions: [acct_size]",
        "{dimensions: [acct_size, acct_size]",
        "9: peers.dimensions.1: acct_size is listed twice",
    ),
    (
        "scores: {high",
        "scores: {yes: 3, high",
        (
            "18: metrics.usage.scores.yes: YAML reads the key 'yes' as true or false, not as "
            "text; put it in quotes"
        ),
    ),
    (
        "metrics: {seats: 2, orders: 1, usage: 1, churn: 1}",
        "metrics: [seats, orders, usage, churn], weights: nonzero_share",
        (
            "22: components.adoption.metrics.0: seats is of kind ratio; only peer metrics are "
            "weighed by their values"
        ),
        (
            "22: components.adoption.metrics.1: orders is of kind growth; only peer metrics "
            "are weighed by their values"
        ),
        (
            "22: components.adoption.metrics.2: usage is of kind tier; only peer metrics are "
            "weighed by their values"
        ),
        (
            "22: components.adoption.metrics.3: churn is of kind learned_risk; only peer "
            "metrics are weighed by their values"
        ),
    ),
    (
        "180: 50",
        "0150: 50",
        "16: metrics.qbr.steps.0150: '0150' is not a plain number; write one such as 8 or 0.5",
    ),
    (
        "180: 50",
        "yes: 50",
        "16: metrics.qbr.steps.yes: 'yes' is not a plain number; write one such as 8 or 0.5",
    ),
    (
        "events: {reviews_12m: {event",
        "events: {two words: {event: a, take: sum}, reviews_12m: {event",
        "10: events.two words: 'two words' is not a name: a letter, then letters, digits and _",
    ),
    (
        "peer_dimensions: [acct_size]",
        "peer_dimensions: [acct_size, {name: usage_tier, type: category}]",
        (
            "8: peer_dimensions.1: nothing is compared by usage_tier: there is no peer metric,"
            " nor is it in `peers`"
        ),
        (
            "18: metrics.usage.input: usage_tier is a peer dimension, whose labels come from the"
            " data; use another column"
        ),
    ),
    (
        "peer_dimensions: [acct_size]",
        "peer_dimensions: [acct_size, tenure]",
        (
            "8: peer_dimensions.1: nothing is compared by tenure: there is no peer metric, nor is"
            " it in `peers`"
        ),
    ),
    (
        "observability: [indicator.binary]",
        "observability: [indicator.binary, zzz]",
        (
            "25: components.technical.allow.observability.1: 'zzz' is no kind of metric; the kinds"
            " are peer, ratio, growth, indicator, recency, linear, tier, penalty, learned_risk,"
            " indicator.binary, indicator.count, indicator.named"
        ),
    ),
]
