"""`scorecard explain`: what a person reads, and that it is what the scorer says."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from attempts import attempt

from serving.scoring import load_scorer

KEYS = {"macro": "auto_macro_metric_score", "workflows": "auto_workflows_metric_score"}


@pytest.fixture(scope="module")
def account(small):
    """An account of which everything is known, as names to numbers, with its acct_id."""
    tables = []
    for name in ("peer_dims", "usage_metrics", "product_metrics"):
        with (small / f"{name}.csv").open() as file:
            tables.append({row["acct_id"]: row for row in csv.DictReader(file)})
    for acct_id in tables[0]:
        row = {key: value for table in tables for key, value in table.get(acct_id, {}).items()}
        if len(row) > 15 and all(row.values()):
            return row
    raise AssertionError("there is no whole account")


def explained(small_trained, small, account, *more):
    line = ["explain", small_trained, "--data", small, "--account", account["acct_id"], *more]
    done = attempt([str(part) for part in line])
    assert done.exit_code == 0, done.output
    return done.stdout


def encoded(scorer, account, **changes):
    row = account | changes
    return np.array([[float(row[entry.name] or "nan") for entry in scorer.inputs]])


def test_its_json_is_what_the_scorer_explains(small_trained, small, account):
    scorer = load_scorer(small_trained)
    accounts = encoded(scorer, account)

    told = json.loads(explained(small_trained, small, account, "--json"))

    (why,) = scorer.explain(accounts)
    assert told["explanation"] == why.to_dict()
    assert told["version"] == scorer.artifact.version
    assert list(told["scores"].values()) == scorer.score(accounts).values[0].tolist()
    assert told["scores"] == told["scores_before"]
    assert told["inputs"] == dict(
        zip([entry.name for entry in scorer.inputs], accounts[0].tolist(), strict=True)
    )


def test_a_what_if_tells_the_scores_of_such_an_account(small_trained, small, account):
    scorer = load_scorer(small_trained)
    asked = ("--set", "macro=12", "--set", "workflows=", "--set", "acct_age=3", "--json")

    told = json.loads(explained(small_trained, small, account, *asked))

    as_it_would_be = encoded(scorer, account, macro="12", workflows="", acct_age="3")
    (why,) = scorer.explain(as_it_would_be)
    assert told["explanation"] == why.to_dict()
    assert told["changes"] == {"macro": 12.0, "workflows": None, "acct_age": 3.0}
    assert (
        told["scores_before"]["global_score"]
        == scorer.score(encoded(scorer, account)).values[0, -1]
    )
    assert told["scores"]["auto_workflows_metric_score"] is None


def test_a_person_reads_a_line_per_metric_and_the_points_it_lost(small_trained, small, account):
    scorer = load_scorer(small_trained)
    (why,) = scorer.explain(encoded(scorer, account))

    lines = explained(small_trained, small, account).splitlines()

    assert lines[0].startswith(f"account {account['acct_id']}: global_score ")
    assert lines[1] == (
        f"compared by acct_age {float(account['acct_age']):g}, "
        f"acct_size {float(account['acct_size']):g}"
    )
    for metric in why.metrics:
        (line,) = [line for line in lines if line.startswith(f"{metric.metric} ")]
        assert f"{metric.rank:.3f}" in line
        assert f"  {metric.score:g}  " in line
    for lost in (why.overall, *why.components):
        assert any(line.startswith(f"  {lost.key} ") for line in lines)
        for driver in lost.drivers:
            if driver.points_lost > 0:
                assert any(f"{driver.points_lost:.2f}  {driver.metric} " in line for line in lines)


def test_the_value_a_person_reads_brings_the_point(small_trained, small, account):
    told = json.loads(explained(small_trained, small, account, "--json"))["explanation"]
    lines = explained(small_trained, small, account).splitlines()

    tried = 0
    for metric in told["metrics"]:
        goal = metric["next_point"]
        (line,) = [line for line in lines if line.startswith(f"{metric['metric']} ")]
        if goal["value"] is None or "more than 0" in line:
            continue
        shown = line.rpartition(" (scores")[0].split()[-1]
        change = f"{metric['metric']}={shown}"
        then = json.loads(explained(small_trained, small, account, "--set", change, "--json"))
        assert then["scores"][metric["key"]] >= goal["target"], change
        tried += 1
    assert tried >= 2


def test_a_missing_value_and_a_band_are_told_in_words(small_trained, small, account):
    asked = ("--set", "macro=", "--band", "7", "--band", "4")

    text = explained(small_trained, small, account, *asked)

    assert "what if macro = not known? All figures here are those of the account" in text
    assert "the account has no value, so it has no score" in text
    assert "next point at; next band at" in text
    assert "macro                        weight   0.0%  no value" in text


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"--account": "{near}"}, "no account '{near}' among 1,500; there is {id}"),
        ({"--account": "-"}, "no account '-' among 1,500"),
        ({"--set": "makro=1"}, "there is no input makro; there are acct_age, acct_size, activ"),
        ({"--set": "macro=many"}, "macro is a number, not 'many'"),
        ({"--set": "macro=nan"}, "macro is a number, not 'nan'"),
        ({"--set": "macro"}, "'macro' is not NAME=VALUE"),
        ({"--band": "5", "--band=5": "--json"}, "the band 5 is given twice"),
        ({"--band": "11"}, "bands are thresholds that ascend from 0 to 10"),
    ],
)
def test_what_cannot_be_explained_is_said_in_a_line(small_trained, small, account, asked, message):
    told = {"near": account["acct_id"][:-1], "id": account["acct_id"]}
    options = {"--account": "{id}", **asked}
    words = [part.format(**told) for pair in options.items() for part in pair]

    done = attempt(["explain", str(small_trained), "--data", str(small), *words])

    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith(f"error: {message.format(**told)}")
    assert done.stdout == ""


def test_all_slips_of_what_if_are_told_at_once(small_trained, small, account):
    line = ["explain", small_trained, "--data", small, "--account", account["acct_id"]]
    slips = ["--set", "makro=1", "--set", "macro=x", "--set", "macro=1", "--set", "macro=2"]

    done = attempt([str(part) for part in [*line, *slips]])

    for part in ("no input makro", "macro is a number, not 'x'", "macro is set twice"):
        assert part in done.stderr
