"""Building again changes what the definition says, and nothing that was fitted."""

import errno
import json
import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml

from serving.scoring import ArtifactError, InvalidInput, InvalidScorecard, load_scorer
from serving.scoring.artifact import pack_artifact, read_files
from training.build import build
from training.synthetic import write_sample
from training.train import train

CARD = {
    "schema": "scorecard/v1",
    "id": "three",
    "scale": {"type": "out_of_10", "step": 1},
    "missing": "skip",
    "peer_dimensions": ["acct_age", "acct_size"],
    "metrics": {name: {"kind": "peer"} for name in ("macro", "bots", "activation_rate")},
    "components": {
        "auto": {"weight": 3, "metrics": {"macro": 1, "bots": 2}},
        "use": {"weight": 1, "metrics": {"activation_rate": 1}},
    },
}
FEWER = {
    "metrics": {name: {"kind": "peer"} for name in ("macro", "activation_rate")},
    "components": {
        "auto": {"weight": 3, "metrics": {"macro": 1}},
        "use": {"weight": 1, "metrics": {"activation_rate": 1}},
    },
}


def write_card(path: Path, **changes):
    path.write_text(yaml.safe_dump({**CARD, **changes}, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """An artifact of three metrics on 800 accounts."""
    folder = tmp_path_factory.mktemp("fitted")
    write_sample(folder / "data", 800, 11)
    train(folder / "data", write_card(folder / "card.yaml"), folder / "A")
    return folder / "A"


@pytest.fixture
def rebuild(tmp_path, fitted):
    def rebuild(source=fitted, out=None, **changes):
        card = write_card(tmp_path / "card.yaml", **changes)
        return build(card, source, out or tmp_path / "B")

    return rebuild


def metric(**changes):
    return {**CARD["metrics"], "macro": {"kind": "peer", **changes}}


ACCOUNTS = (
    {"acct_age": 30.0, "acct_size": 50.0, "activation_rate": 0.4, "bots": 3.0, "macro": 2.0},
    {"acct_age": 90.0, "acct_size": 7.0, "activation_rate": 0.9, "bots": 0.01, "macro": 1.0},
)


@pytest.mark.parametrize(
    ("changes", "differing", "why"),
    [
        (
            {
                "components": {
                    **CARD["components"],
                    "use": {**CARD["components"]["use"], "weight": 9},
                }
            },
            {"global_score"},
            "a component counts more",
        ),
        (
            {
                "components": {
                    **CARD["components"],
                    "auto": {"weight": 3, "metrics": {"macro": 9, "bots": 2}},
                }
            },
            {"auto_component_score", "global_score"},
            "a metric counts more",
        ),
        (
            {"metrics": metric(higher_is_better=False)},
            {"auto_macro_metric_score", "auto_component_score", "global_score"},
            "less is better",
        ),
        ({"scale": {"type": "zero_to_100"}}, None, "everything, and nothing is rounded"),
        (
            {"metrics": metric(ties="high")},
            {"auto_macro_metric_score", "auto_component_score", "global_score"},
            "equal values count as below",
        ),
        ({"missing": "zero"}, set(), "nothing is missing here"),
    ],
)
def test_a_change_changes_what_it_is_about_and_no_table(
    tmp_path, rebuild, fitted, changes, differing, why
):
    old = load_scorer(fitted)
    accounts = np.array([[account[entry.name] for entry in old.inputs] for account in ACCOUNTS])

    new = rebuild(**changes)

    before, after = old.score(accounts).values, new.score(accounts).values
    moved = {
        key
        for key, one, two in zip(old.outputs, before.T, after.T, strict=False)
        if (one != two).any()
    }
    assert moved == (set(old.outputs[:-1]) if differing is None else differing), why
    assert new.artifact.version != old.artifact.version
    assert new.artifact.manifest["training"] == old.artifact.manifest["training"]
    was, now = read_files(fitted), read_files(tmp_path / "B")
    assert was.keys() == now.keys()
    changed = {name for name in was if was[name] != now[name]}
    assert changed <= {"golden.json", "model_card.html", "model_card.md"}


def test_the_model_card_is_that_of_the_new_definition(tmp_path, rebuild, fitted):
    rebuild(id="mine", metrics=metric(higher_is_better=False))

    old, new = ((folder / "model_card.md").read_text() for folder in (fitted, tmp_path / "B"))

    assert "# Model card: three" in old
    assert "# Model card: mine" in new
    assert "lower is better" in new
    assert "lower is better" not in old


def test_golden_rows_are_those_of_the_new_definition(tmp_path, rebuild, fitted):
    scorer = rebuild(scale={"type": "zero_to_100"})

    old, new = (
        json.loads((folder / "golden.json").read_text()) for folder in (fitted, tmp_path / "B")
    )

    assert new["inputs"] == old["inputs"]
    assert new["scores"] == [
        [None if value != value else value for value in row]
        for row in scorer.score(np.array(new["inputs"], dtype=float)).values.tolist()
    ]


def test_fewer_metrics_take_their_tables_along_and_leave_the_others(tmp_path, rebuild, fitted):
    new = rebuild(**FEWER)

    old = load_scorer(fitted)
    assert list(new.artifact.tables.metrics) == ["macro", "activation_rate"]
    for name, table in new.artifact.tables.metrics.items():
        assert np.array_equal(table.cdf, old.artifact.tables.metrics[name].cdf)
    assert [entry.name for entry in new.inputs] == [
        "acct_age", "acct_size", "activation_rate", "macro",
    ]  # fmt: skip
    card = (tmp_path / "B" / "model_card.md").read_text()
    assert "bots" not in card
    assert (tmp_path / "B" / "evaluation.json").read_bytes() == (
        (fitted / "evaluation.json").read_bytes()
    )


def test_metrics_left_out_once_are_not_there_to_be_asked_for_again(tmp_path, rebuild):
    rebuild(out=tmp_path / "fewer", **FEWER)

    with pytest.raises(InvalidInput, match="no tables for: bots"):
        rebuild(source=tmp_path / "fewer")


def test_the_old_definition_gives_the_old_version_again(rebuild, fitted):
    there = rebuild(scale={"type": "zero_to_100"}).artifact.version

    back = rebuild().artifact.version

    assert back == load_scorer(fitted).artifact.version != there


@pytest.mark.parametrize(
    ("changes", "error", "says", "why"),
    [
        (
            {"peer_dimensions": ["acct_age"]},
            InvalidInput,
            "accounts by acct_age, acct_size; other peer dimensions need a fit",
            "fewer",
        ),
        ({"peer_dimensions": ["acct_size", "acct_age"]}, InvalidInput, "need a fit", "an order"),
        (
            {"peer_dimensions": ["acct_age", {"name": "acct_size", "type": "category"}]},
            InvalidInput,
            "need a fit",
            "the same name, another type",
        ),
        (
            {
                "metrics": {**CARD["metrics"], "zeal": {"kind": "peer"}},
                "components": {"auto": {"weight": 1, "metrics": {
                    "macro": 1, "bots": 1, "activation_rate": 1, "zeal": 1}}},
            },
            InvalidInput,
            "no tables for: zeal",
            "a metric that was never fitted",
        ),
        (
            {"metrics": metric(estimator={"name": "marginal"})},
            InvalidInput,
            "another estimator than asked for: macro",
            "the tables are not what the card would say",
        ),
        ({"scale": {"type": "out_of_11"}}, InvalidScorecard, "scale.type", "a mistake"),
    ],
)  # fmt: skip
def test_what_needs_a_fit_is_refused_and_nothing_written(
    tmp_path, rebuild, changes, error, says, why
):
    with pytest.raises(error, match=says):
        rebuild(**changes)

    assert not (tmp_path / "B").exists(), why


def test_without_a_source_it_names_what_needs_a_fit(tmp_path):
    with pytest.raises(InvalidInput, match=r"macro, bots, activation_rate; give --from"):
        build(write_card(tmp_path / "card.yaml"), None, tmp_path / "B")


def test_an_artifact_may_be_built_onto_itself(tmp_path, rebuild, fitted):
    shutil.copytree(fitted, tmp_path / "A")

    new = rebuild(source=tmp_path / "A", out=tmp_path / "A", scale={"type": "zero_to_100"})

    assert load_scorer(tmp_path / "A").artifact.version == new.artifact.version
    assert {path.name for path in tmp_path.iterdir()} == {"A", "card.yaml"}


def test_an_archive_can_be_the_source_but_is_not_replaced(tmp_path, rebuild, fitted):
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(pack_artifact(fitted))

    assert rebuild(source=archive).artifact.version == load_scorer(fitted).artifact.version
    with pytest.raises(ArtifactError, match="is a file"):
        rebuild(source=archive, out=archive)
    assert archive.read_bytes() == pack_artifact(fitted)


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_signal_in_the_middle_of_the_swap_waits_for_its_end(
    tmp_path, rebuild, fitted, monkeypatch, interruptible, nth
):
    shutil.copytree(fitted, tmp_path / "A")
    rename, renames = Path.rename, []

    def interrupted(self, target):
        moved = rename(self, target)
        renames.append(target)
        if len(renames) == nth:
            signal.raise_signal(signal.SIGINT)
        return moved

    monkeypatch.setattr(Path, "rename", interrupted)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        rebuild(source=tmp_path / "A", out=tmp_path / "A", scale={"type": "zero_to_100"})

    assert load_scorer(tmp_path / "A").scorecard.scale.type == "zero_to_100"
    assert {path.name for path in tmp_path.iterdir()} == {"A", "card.yaml"}
    assert signal.getsignal(signal.SIGINT) is handler


def test_another_thread_may_build(rebuild, fitted):
    with ThreadPoolExecutor(1) as pool:
        new = pool.submit(rebuild).result()

    assert new.artifact.version == load_scorer(fitted).artifact.version


def test_a_failed_write_is_an_artifact_error_with_the_place(tmp_path, rebuild, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtifactError, match="B cannot be written: No space left on device"):
        rebuild()

    assert {path.name for path in tmp_path.iterdir()} == {"card.yaml"}
