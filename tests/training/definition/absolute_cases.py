"""A good definition of absolute metrics, one of each kind, and ways to change it."""

from collections.abc import Mapping
from typing import Any

from training.definition.yaml_lines import read_yaml

ABSOLUTE = """\
schema: scorecard/v1
id: health
scale: {type: zero_to_100}
weights_total: 100
bands: {Healthy: 75, Watch: 50, Critical: 0}
coverage: {minimum: 0.5}
drivers: {top: 3}
peer_dimensions: [acct_size]
peers: {dimensions: [acct_size], minimum_group: 10}
events: {reviews_12m: {event: review, take: count, days: 365}}
metrics:
  seats: {kind: ratio, numerator: seats_used, denominator: seats_bought}
  orders: {kind: growth, current: orders_now, base: lag_12m, as_of: counted, max_age_days: 45}
  reviews: {kind: indicator, type: count, input: reviews_12m, steps: {0: 0, 1: 50, 2: 100}}
  monitored: {kind: indicator, type: binary, input: monitoring_on}
  qbr: {kind: recency, input: last_qbr, steps: {180: 50, 90: 100}, never: 0, cohort: insider}
  pages: {kind: linear, input: page_ms, best: 1000, worst: 5000, label: Page time, product: Web}
  usage: {kind: tier, input: usage_tier, scores: {high: 100, low: 25, none: null}}
  alerts: {kind: penalty, deductions: {alerts_90d: 15}}
  churn: {kind: learned_risk, model: m2, inputs: [logins, tenure]}
components:
  adoption: {weight: 60, metrics: {seats: 2, orders: 1, usage: 1, churn: 1}}
  technical:
    weight: 40
    allow: {observability: [indicator.binary], operations: [indicator, recency, linear, penalty]}
    components:
      observability: {weight: 1, metrics: {monitored: 1}}
      operations: \
{weight: 1, coverage: {minimum: 0.5}, metrics: {reviews: 1, qbr: 1, pages: 1, alerts: 1}}
"""


def absolute(*changes: tuple[str, str]) -> str:
    """The good definition with each first text replaced by the second."""
    text = ABSOLUTE
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def as_an_editor_reads(text: str) -> Mapping[str, Any]:
    """A definition as JSON has it: every key is text, 90 too."""
    value: Mapping[str, Any] = read_yaml(text).value
    return value
