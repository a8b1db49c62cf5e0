"""From CSVs to scores and back with the installed program, in folders that hold nothing else."""

from __future__ import annotations

import csv
import json
import stat

import pandas as pd
import pytest

#: Written out: these are what Data Cloud is told, so a rename must be noticed.
from attempts import read_scores

from serving.scoring import load_scorer
from training.tables import read_accounts

KEYS = [
    "auto_web2case_metric_score",
    "auto_email2case_metric_score",
    "auto_macro_metric_score",
    "auto_quicktext_metric_score",
    "auto_workflowrules_metric_score",
    "auto_workflows_metric_score",
    "auto_ltnflows_metric_score",
    "auto_bots_metric_score",
    "consumption_activation_rate_metric_score",
    "consumption_penetration_rate_metric_score",
    "consumption_engagement_rate_metric_score",
    "consumption_utilization_rate_metric_score",
    "lightning_lightning_utilization_metric_score",
    "auto_component_score",
    "consumption_component_score",
    "lightning_component_score",
    "global_score",
    "last_modified",
]
FILES = {
    "manifest.json",
    "peer_tables.npz",
    "golden.json",
    "evaluation.json",
    "model_card.html",
    "model_card.md",
    "plots/calibration.png",
    "plots/effective_peers.png",
    "plots/medians.png",
    "plots/peers.png",
}


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def accounts_of(sample):
    peers = pd.read_csv(sample / "peer_dims.csv")
    for name in ("usage_metrics", "product_metrics"):
        table = pd.read_csv(sample / f"{name}.csv").drop(columns="last_updated")
        peers = peers.merge(table, on="acct_id", how="left")
    return peers


@pytest.fixture(scope="module")
def one_csv(tmp_path_factory, sample):
    path = tmp_path_factory.mktemp("one") / "accounts.csv"
    accounts_of(sample).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def scored(tmp_path_factory, run, trained, sample):
    out = tmp_path_factory.mktemp("scored") / "scores.csv"
    done = run("score", trained.artifact, "--data", sample, "--out", out, cwd=out.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "", "a file was asked for, so nothing belongs on stdout"
    return out


def test_training_makes_an_artifact_and_says_how_good_it_is(trained):
    lines = trained.said.splitlines()

    made = files(trained.artifact)

    assert {name for name in made if not name.startswith("boosters/")} == FILES
    assert "on 1,0" in lines[0], "how many accounts were kept out"
    assert "(evaluation split)" in lines[0]
    assert lines[-1] == "model card: artifact/model_card.html"
    assert lines[-2] == "artifact: artifact"
    assert load_scorer(trained.artifact).artifact.version in lines[-3]
    assert {path.name for path in trained.artifact.parent.iterdir() if path.name[0] != "."} == {
        "artifact",
        "said",
    }


def test_an_artifact_can_be_read_by_another_user(trained):
    assert stat.S_IMODE(trained.artifact.stat().st_mode) == 0o755
    for name in files(trained.artifact):
        assert (trained.artifact / name).stat().st_mode & stat.S_IROTH, name


def test_scores_have_a_row_per_account_in_order_and_exactly_the_18_keys(scored, sample):
    rows = list(csv.reader(scored.read_text().splitlines()))

    assert rows[0] == ["acct_id", *KEYS]
    ids = [line.split(",")[0] for line in (sample / "peer_dims.csv").read_text().splitlines()[1:]]
    assert [row[0] for row in rows[1:]] == ids
    assert len({row[-1] for row in rows[1:]}) == 1
    assert rows[1][-1].endswith("+00:00"), "UTC"


def test_every_way_of_scoring_gives_the_same_scores(
    run, trained, scored, one_csv, sample, tmp_path
):
    by_file = run("score", trained.artifact, "--csv", one_csv, "--out", "s.csv", cwd=tmp_path)
    by_pipe = run(
        "score", trained.artifact, "--csv", "-", "--out", "-", cwd=tmp_path,
        stdin=one_csv.read_text(),
    )  # fmt: skip
    scorer = load_scorer(trained.artifact)
    accounts = read_accounts(sample, scorer.inputs, peer_dimensions=["acct_age", "acct_size"])
    values = scorer.score(scorer.encode(accounts.frame)).values

    by_folder = read_scores(scored)
    assert by_file.returncode == by_pipe.returncode == 0
    assert read_scores(tmp_path / "s.csv") == by_folder
    assert read_scores(by_pipe.stdout) == by_folder
    assert by_pipe.stderr.startswith("5,000 accounts scored, ")
    assert scorer.outputs == tuple(KEYS)
    assert by_folder == [
        {
            "acct_id": account,
            **{
                key: None if value != value else value
                for key, value in zip(KEYS[:-1], row, strict=True)
            },
        }
        for account, row in zip(accounts.frame["acct_id"], values.tolist(), strict=True)
    ]


def test_a_missing_metric_is_an_empty_cell_and_the_rest_is_scored(scored, sample):
    bots = pd.read_csv(sample / "usage_metrics.csv").set_index("acct_id")["bots"]
    rows = {row["acct_id"]: row for row in read_scores(scored)}

    without = [account for account in rows if account not in bots or pd.isna(bots[account])]

    assert len(without) > 20
    assert all(rows[account]["auto_bots_metric_score"] is None for account in without)
    filled = [account for account in rows if account not in without]
    assert all(rows[account]["auto_bots_metric_score"] is not None for account in filled)
    assert all(row["global_score"] is not None for row in rows.values())


def test_strange_ids_come_out_as_they_went_in(run, small_trained, tmp_path):
    ids = ["a,b", 'say "hi"', "=1+1", "007", "Ünï 漢字", "NA", "nan", "'", "x" * 500]
    columns = [column.name for column in load_scorer(small_trained).inputs]
    with (tmp_path / "in.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["acct_id", *columns])
        writer.writerows([account, *([1] * len(columns))] for account in ids)

    done = run("score", small_trained, "--csv", "in.csv", "--out", "-", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert [row["acct_id"] for row in read_scores(done.stdout)] == ids


def test_an_account_without_any_number_still_has_its_row(run, small_trained, tmp_path):
    columns = [column.name for column in load_scorer(small_trained).inputs]
    text = f"acct_id,{','.join(columns)}\nA{',' * len(columns)}\n"

    done = run("score", small_trained, "--csv", "-", "--out", "-", cwd=tmp_path, stdin=text)

    (row,) = read_scores(done.stdout)
    assert row.pop("acct_id") == "A"
    assert set(row.values()) == {None}


def test_a_csv_without_accounts_gives_the_header_alone(run, small_trained, tmp_path):
    columns = [column.name for column in load_scorer(small_trained).inputs]

    done = run(
        "score", small_trained, "--csv", "-", "--out", "-", cwd=tmp_path,
        stdin=f"acct_id,{','.join(columns)}\n",
    )  # fmt: skip

    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr.startswith("0 accounts scored")


@pytest.mark.slow
def test_evaluating_again_gives_the_figures_of_the_artifact(run, trained, sample, tmp_path):
    done = run("evaluate", trained.artifact, "--data", sample, "--json", cwd=tmp_path)

    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads((trained.artifact / "evaluation.json").read_text())


@pytest.mark.slow
def test_evaluation_looks_at_the_accounts_kept_out_unless_told_otherwise(
    run, small_trained, small, tmp_path
):
    training = json.loads((small_trained / "manifest.json").read_text())["training"]

    kept_out = run("evaluate", small_trained, "--data", small, cwd=tmp_path)
    everyone = run("evaluate", small_trained, "--data", small, "--all", cwd=tmp_path)

    count = training["split"]["accounts"]["evaluate"]
    assert kept_out.stdout.startswith(f"on {count:,} accounts (evaluation split)")
    assert everyone.stdout.startswith("on 1,500 accounts (all accounts)")


def test_a_reweighted_scorecard_is_built_packed_and_scored_from_the_archive(
    run, small_trained, small, five_metrics, tmp_path
):
    text = five_metrics.read_text().replace("macro: 1,", "macro: 9,")
    (tmp_path / "mine.yaml").write_text(text)

    built = run(
        "build", "--scorecard", "mine.yaml", "--from", small_trained, "--out", "new", cwd=tmp_path
    )
    packed = run("pack", "new", "--out", "out/model.tar.gz", cwd=tmp_path)
    again = run("pack", "new", "--out", "-", cwd=tmp_path, text=False)
    scores = [
        run("score", artifact, "--data", small, "--out", "-", cwd=tmp_path)
        for artifact in ("new", "out/model.tar.gz", small_trained)
    ]

    version = load_scorer(tmp_path / "new").artifact.version
    assert built.stdout == f"artifact: new, version {version}\n"
    archive = (tmp_path / "out" / "model.tar.gz").read_bytes()
    assert packed.stdout == f"out/model.tar.gz: {len(archive):,} bytes\n"
    assert again.stdout == archive, "stdout is the archive and only that"
    assert again.stderr.decode() == f"-: {len(archive):,} bytes\n"
    new, from_archive, old = (read_scores(done.stdout) for done in scores)
    assert new == from_archive
    differing = {
        key for one, two in zip(new, old, strict=True) for key in one if one[key] != two[key]
    }
    assert differing == {"auto_component_score", "global_score"}


def test_the_schema_for_editors_is_written_where_asked(run, tmp_path):
    done = run("lint", "--write-schema", "made/schema.json", cwd=tmp_path)

    assert done.returncode == 0
    assert json.loads((tmp_path / "made" / "schema.json").read_text())["title"]
