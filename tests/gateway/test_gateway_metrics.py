"""What a running gateway counts is what deploy/README.md says it does."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.gateway.audit import REASONS
from tests.gateway.fakes import running_gateway
from tests.processes import call, free_port

README = (Path(__file__).parents[2] / "deploy" / "README.md").read_text()
SECTION = README[README.index("## Metrics\n") :]


@pytest.fixture(scope="module")
def scraped(session_container, keys, tmp_path_factory):
    """The metrics of a gateway that was asked right and wrong, by their names."""
    session_container.reset()
    port = free_port()
    with running_gateway(
        tmp_path_factory.mktemp("metrics"),
        SCORECARD_UPSTREAM=session_container.url,
        SCORECARD_KEYS_FILE=str(keys.path),
        SCORECARD_GATEWAY_METRICS_PORT=str(port),
        # The one that is asked for them; those of others may be half a second old.
        SCORECARD_GATEWAY_WORKERS="1",
    ) as gateway:
        gateway.send(x_api_key=keys.key.secret)
        gateway.send(x_api_key="wrong")
        gateway.send("GET", "/ping", None)
        gateway.send_raw(b"no request\r\n\r\n")
        text = call(port, "GET", "/metrics").body.decode()
    return {
        sample.name: family
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def documented():
    """The table of the gateway's metrics: name → labels."""
    table = SECTION[SECTION.index("of the gateway, on 127.0.0.1") :]
    rows = re.findall(r"^\| `(scorecard_\w+)` \|(.*?)\| .+ \|$", table, re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


def test_every_metric_of_the_gateway_is_documented_with_its_labels_and_no_other_is(scraped):
    found = {}
    for name, family in scraped.items():
        plain = family.name if family.type == "histogram" else name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        found[plain] = labels

    assert documented() == found


def test_decisions_are_told_apart_and_add_up_to_the_requests(scraped):
    decided = {
        (sample.labels["decision"], sample.labels["caller_kind"], sample.labels["reason"]): (
            sample.value
        )
        for sample in scraped["scorecard_decisions_total"].samples
    }

    assert decided == {
        ("forwarded", "key", "none"): 1,
        ("refused", "none", "mistyped key"): 1,
        ("refused", "none", "malformed"): 1,
        ("none", "none", "none"): 1,
    }
    answers = scraped["scorecard_requests_total"].samples
    assert sum(sample.value for sample in answers) == sum(decided.values())


def test_the_reasons_that_are_counted_are_documented():
    line = next(line for line in SECTION.splitlines() if line.startswith("A `reason` is one of"))

    named = set(re.findall(r"`([a-z ]+)`", line)) - {"reason"}
    assert named == REASONS | {"malformed", "other", "none"}
