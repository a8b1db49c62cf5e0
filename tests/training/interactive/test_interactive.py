"""The calls people make in notebooks, on the sample and its artifact."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from serving.scoring import ArtifactError, InvalidInput, MissingColumns, load_scorer
from serving.scoring.manifest import MANIFEST
from training import interactive
from training.errors import TooManyRefused
from training.registry import GateRefused

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
CARD = """
schema: scorecard/v1
id: two
scale: {type: out_of_10, step: 1}
peer_dimensions: [acct_age, acct_size]
metrics: {macro: {kind: peer}, bots: {kind: peer}}
components: {auto: {weight: 1, metrics: {macro: 1, bots: 1}}}
"""


@pytest.fixture(scope="module")
def model(trained):
    return interactive.load(trained)


@pytest.fixture(scope="module")
def accounts(model):
    return model.read(SAMPLE)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Two metrics on the first 600 accounts of the sample, one row of which cannot be used."""
    folder = tmp_path_factory.mktemp("fitted")
    (folder / "data").mkdir()
    for path in SAMPLE.glob("*.csv"):
        lines = path.read_text().splitlines(keepends=True)[:601]
        if path.name == "peer_dims.csv":
            lines.append("broken,not a number,not a number,2026-01-01T00:00:00Z\n")
        (folder / "data" / path.name).write_text("".join(lines))
    (folder / "card.yaml").write_text(CARD)
    return interactive.fit(str(folder / "data"), str(folder / "A"), folder / "card.yaml")


def test_fitting_gives_what_was_written_and_how_right_it_is(fitted):
    told = json.loads((fitted.path / "evaluation.json").read_text())

    assert load_scorer(fitted.path).artifact.version == fitted.version
    assert fitted.evaluation.told == told
    assert fitted.card.read_text().startswith("<!doctype html>")
    assert len(fitted.accounts) == 600
    assert fitted.accounts.refused_rows == 1
    assert fitted.accounts.refused["line"].tolist() == [602]
    assert "1 rows refused" in repr(fitted)


def test_the_card_says_why_rows_were_refused_and_when_the_newest_is_of(fitted):
    card = (fitted.path / "model_card.md").read_text()

    assert "1 rows were refused" in card
    assert re.search(r"Rows were refused for:\n\n- .*: 1\n", card)
    assert re.search(r"The newest row is of 20\d\d-\d\d-\d\d\.", card)


def test_scores_are_those_of_the_scorer_in_the_order_of_the_accounts(model, accounts):
    scores = interactive.score(model, accounts)

    expected = model.scorer.score(model.scorer.encode(accounts.frame)).values
    assert scores.index.tolist() == accounts.frame["acct_id"].tolist()
    assert tuple(scores.columns) == model.scorer.outputs[:-1]
    assert np.array_equal(scores.to_numpy(), expected, equal_nan=True)


def test_a_folder_a_table_and_what_was_read_score_the_same(model, accounts, trained):
    some = accounts.frame.head(50)

    by_table = interactive.score(str(trained), some)

    assert by_table.equals(interactive.score(model, accounts).head(50))
    assert by_table.equals(interactive.score(model, str(SAMPLE)).head(50))


def test_a_table_that_lacks_columns_is_refused_by_name(model, accounts):
    with pytest.raises(MissingColumns, match="missing columns: bots, macro"):
        interactive.score(model, accounts.frame.drop(columns=["bots", "macro"]))
    with pytest.raises(InvalidInput, match="no column acct_id"):
        interactive.score(model, accounts.frame.drop(columns="acct_id"))


def test_an_evaluation_is_measured_again_as_training_measured_it(fitted):
    again = interactive.evaluate(fitted, fitted.path.parent / "data")

    assert again.told["metrics"] == fitted.evaluation.told["metrics"]
    frame = again.frame()
    assert list(frame.index) == ["macro", "bots"]
    assert (frame["error_low"] <= frame["error"]).all()
    assert (frame["error"] <= frame["error_high"]).all()


def test_an_account_is_explained_with_the_numbers_of_its_scores(model, accounts):
    one = interactive.account(model, accounts, accounts.frame["acct_id"][17])

    scores = interactive.score(model, accounts).iloc[17]
    frame = one.frame()
    assert one.scores.tolist() == scores.tolist()
    assert frame["score"].tolist() == scores[: len(frame)].tolist()
    assert set(frame.index) == set(one.standings)
    for name, row in frame.iterrows():
        assert row["rank"] == one.standings[name].rank
        assert row["low"] <= row["rank"] <= row["high"]
    lost = one.drivers()["points_lost"]
    assert lost.sum() + one.scores["global_score"] == pytest.approx(10, abs=1e-9)
    assert lost.is_monotonic_decreasing


def test_what_if_is_scoring_the_changed_account(model, accounts):
    one = interactive.account(model, accounts, accounts.frame["acct_id"][17])
    changed = accounts.frame.iloc[[17]].assign(macro=12.0)

    assert one.what_if({"macro": 12}).tolist() == (
        interactive.score(model, changed).iloc[0].tolist()
    )


def test_an_account_that_is_not_there_or_there_twice_is_refused(model, accounts):
    with pytest.raises(InvalidInput, match="0 of 5,000 accounts are called 'nobody'"):
        interactive.account(model, accounts, "nobody")
    twice = pd.concat([accounts.frame.head(1)] * 2)
    with pytest.raises(InvalidInput, match="2 of 2 accounts are called"):
        interactive.account(model, twice, accounts.frame["acct_id"][0])


@pytest.mark.slow
def test_an_account_without_a_metric_has_no_rank_for_it_and_is_drawn(model, accounts):
    frame = accounts.frame.head(1).assign(macro=np.nan, acct_age=np.nan)

    one = interactive.account(model, frame, frame["acct_id"][0])

    assert np.isnan(one.frame().loc["macro", "rank"])
    assert one.figure().png().startswith(b"\x89PNG")
    assert "nan" in one._repr_html_().lower()


@pytest.mark.slow
def test_every_figure_is_a_matplotlib_figure(model, accounts, fitted):
    one = interactive.account(fitted, fitted.accounts, fitted.accounts.frame["acct_id"][3])

    figures = [fitted.figure(), fitted.medians(), fitted.effective_peers(), one.figure(),
               fitted.evaluation.figure(),
               *(one.radar(against) for against in ("peers", "everyone", "nobody"))]  # fmt: skip

    assert all(isinstance(figure, Figure) for figure in figures)
    with pytest.raises(InvalidInput, match=r"'evryone' is no choice.*peers, everyone, nobody"):
        one.radar("evryone")


def test_a_version_goes_all_the_way_to_a_registry_and_back(fitted, tmp_path):
    uri = f"file://{tmp_path}"
    other = interactive.load(reweighted(fitted, tmp_path))

    first = interactive.publish(fitted, uri, note="first")
    second = interactive.publish(other, uri)
    promoted = interactive.promote(uri, other.version, skip_gate="a test")
    rows = interactive.versions(uri)
    back = interactive.rollback(uri, note="as before")

    assert (first.is_current, second.is_current) == (True, False)
    assert (promoted.moved, promoted.previous) == (True, fitted.version)
    assert rows.loc[other.version, "current"]
    assert rows.loc[fitted.version, "previous"]
    assert rows.loc[fitted.version, "note"] == "first"
    assert back.version == fitted.version
    assert "is current" in repr(back)


def reweighted(fitted, folder):
    from training.build import build

    (folder / "card.yaml").write_text(CARD.replace("bots: 1", "bots: 5"))
    build(folder / "card.yaml", fitted.path, folder / "B")
    return folder / "B"


def test_the_gate_is_asked_and_its_refusal_says_why(fitted, tmp_path):
    data, uri = fitted.path.parent / "data", f"file://{tmp_path}/registry"
    other = interactive.load(reweighted(fitted, tmp_path))
    interactive.publish(fitted, uri)
    interactive.publish(other, uri)

    judged = interactive.compare(other, fitted, data)
    with pytest.raises(GateRefused) as refused:
        interactive.promote(uri, other.version, data)
    allowed = interactive.promote(
        uri,
        other.version,
        data,
        limits={
            name: 10 if name.endswith("_move") else 1
            for name in judged.report.failed[0].limits
            + tuple(limit for one in judged.report.failed for limit in one.limits)
        },
        reason="the weights are meant",
    )

    assert not judged.passed
    assert "REFUSES" in repr(judged)
    assert "REFUSED" in set(judged.verdicts()["verdict"])
    assert judged.frame().loc["global_score", "largest_move"] > 0
    assert isinstance(judged.figure(), Figure)
    assert "REFUSED" in refused.value.__notes__[0]
    assert allowed.moved
    assert allowed.judgement.passed


def test_a_version_is_compared_with_itself_without_moves(fitted):
    judged = interactive.compare(fitted, fitted.path)

    with pytest.raises(InvalidInput, match="give data"):
        judged.figure()
    with pytest.raises(InvalidInput, match="give data"):
        judged.frame()
    assert "<table" in judged._repr_html_()


def test_contradictory_wishes_are_refused(fitted, tmp_path):
    uri = f"file://{tmp_path}"
    with pytest.raises(InvalidInput, match="there is no limit 'largest'"):
        interactive.compare(fitted, fitted, limits={"largest": 3}, reason="why")
    with pytest.raises(InvalidInput, match="takes a reason"):
        interactive.compare(fitted, fitted, limits={"largest_move": 3})
    with pytest.raises(InvalidInput, match="skip_gate asks no gate"):
        interactive.promote(uri, "123456", SAMPLE, skip_gate="why")


def test_an_artifact_that_another_has_replaced_is_not_published_in_its_name(fitted, tmp_path):
    shutil.copytree(fitted.path, tmp_path / "A")
    model = interactive.load(tmp_path / "A")
    shutil.rmtree(tmp_path / "A")
    shutil.copytree(reweighted(fitted, tmp_path), tmp_path / "A")

    with pytest.raises(InvalidInput, match="holds another version"):
        interactive.publish(model, f"file://{tmp_path}/registry")
    with pytest.raises(InvalidInput, match="load it again"):
        interactive.compare(model, None)


def test_errors_are_those_of_the_command_line(model, tmp_path):
    with pytest.raises(ArtifactError, match="nowhere"):
        interactive.load(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match=r"peer_dims\.csv"):
        interactive.score(model, tmp_path)
    (tmp_path / "card.yaml").write_text(CARD.replace("out_of_10", "out_of_11"))
    with pytest.raises(InvalidInput, match="out_of_11"):
        interactive.fit(SAMPLE, tmp_path / "A", tmp_path / "card.yaml")
    assert not (tmp_path / "A").exists()


def test_too_many_refused_rows_come_with_the_error(fitted):
    with pytest.raises(TooManyRefused) as refused:
        interactive.read(fitted.path.parent / "data", max_refused=0.0)

    assert refused.value.refusals.total == 1


def test_what_a_notebook_shows_is_text_and_never_html(accounts, fitted, tmp_path):
    frame = fitted.accounts.frame.head(1).assign(acct_id="<script>alert(1)</script>")

    one = interactive.account(fitted, frame, "<script>alert(1)</script>")
    told = json.loads((fitted.path / "evaluation.json").read_text())
    told["metrics"] = {"<script>": told["metrics"]["macro"]}
    shown = [
        one._repr_html_(),
        interactive.Evaluation(told)._repr_html_(),
        interactive.Publication("<script>", "v", is_current=True, uploaded=True)._repr_html_(),
    ]

    for html in shown:
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_everything_shows_itself(model, accounts, fitted):
    one = interactive.account(model, accounts, accounts.frame["acct_id"][0])

    for shown in (model, accounts, model.evaluation, one, fitted, fitted.accounts):
        html = shown._repr_html_()
        assert html.count("<table") == html.count("</table>") >= 1
        assert " object at 0x" not in repr(shown)
    assert f"version {model.version}" in repr(model)
    assert "5,000 accounts" in repr(accounts)
    assert (model.path / MANIFEST).exists()
