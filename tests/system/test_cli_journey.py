"""From CSVs to scores and back with the installed program, in folders that hold nothing else."""

from __future__ import annotations

import csv
import json
import os
import stat
from pathlib import Path

import pandas as pd
import pytest

from serving.scoring import load_scorer
from training.tables import read_accounts

#: Written out: these are what Data Cloud is told, so a rename must be noticed.
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
    "model_card.md",
    "plots/calibration.png",
}


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def read_scores(path_or_text):
    text = path_or_text.read_text() if isinstance(path_or_text, Path) else path_or_text
    rows = list(csv.DictReader(text.splitlines()))
    return [
        {
            key: value if key == "acct_id" else float(value) if value else None
            for key, value in row.items()
            if key != "last_modified"
        }
        for row in rows
    ]


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
    lines = trained.done.stdout.splitlines()

    made = files(trained.artifact)

    assert {name for name in made if not name.startswith("boosters/")} == FILES
    assert "on 1,0" in lines[0], "how many accounts were kept out"
    assert "(evaluation split)" in lines[0]
    assert lines[-1] == "model card: artifact/model_card.md"
    assert lines[-2] == "artifact: artifact"
    assert load_scorer(trained.artifact).artifact.version in lines[-3]
    assert [path.name for path in trained.artifact.parent.iterdir()] == ["artifact"]


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


def test_stdout_is_nothing_but_the_csv_even_when_there_is_much_to_say(
    run, small_trained, small, tmp_path
):
    done = run(
        "score", small_trained, "--data", broken_rows(small, tmp_path / "data", 5), "--out", "-",
        cwd=tmp_path,
    )  # fmt: skip

    rows = list(csv.reader(done.stdout.splitlines()))
    assert done.returncode == 0
    assert {len(row) for row in rows} == {len(rows[0])}
    assert "peer_dims.csv: 5 rows: acct_age is not a number" in done.stderr
    assert "list them with --refused FILE.csv" in done.stderr


def broken_rows(data, folder, count):
    folder.mkdir()
    for path in data.glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    peers = folder / "peer_dims.csv"
    lines = peers.read_text().splitlines()
    for number in range(1, count + 1):
        account, _, size = lines[number].split(",")
        lines[number] = f"{account},young,{size}"
    peers.write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("train", "--out", "A"), "before anything is fitted"),
        (("score", "{artifact}", "--out", "s.csv"), "the whole folder was read"),
        (("score", "{artifact}", "--out", "-"), "and stdout stays empty"),
        (("evaluate", "{artifact}"), "figures on a tenth of the accounts would mislead"),
    ],
)
def test_too_many_refused_rows_exit_3_and_are_listed(
    run, small_trained, small, five_metrics, tmp_path, command, why
):
    data = broken_rows(small, tmp_path / "data", 300)
    arguments = [part.format(artifact=small_trained) for part in command]
    if command[0] == "train":
        arguments += ["--scorecard", str(five_metrics)]

    done = run(*arguments, "--data", data, "--refused", "list/refused.csv", cwd=tmp_path)

    assert done.returncode == 3, why
    assert done.stdout == ""
    assert done.stderr.startswith("refused: ")
    assert "more than the allowed 1.000%" in done.stderr
    rows = list(csv.reader((tmp_path / "list" / "refused.csv").read_text().splitlines()))
    assert rows[0] == ["file", "line", "reason"]
    assert rows[1][:2] == ["peer_dims.csv", "2"]
    assert "'young'" in rows[1][2]
    assert {path.name for path in tmp_path.iterdir()} == {"data", "list"}, "nothing half made"


def test_a_streamed_csv_with_too_many_refused_rows_leaves_the_old_scores(
    run, small_trained, tmp_path
):
    columns = [column.name for column in load_scorer(small_trained).inputs]
    cells = ",".join(["1"] * (len(columns) - 1))
    (tmp_path / "s.csv").write_text("old")

    done = run(
        "score", small_trained, "--csv", "-", "--out", "s.csv", "--refused", "r.csv", cwd=tmp_path,
        stdin=f"acct_id,{','.join(columns)}\nA,1,{cells}\nB,x,{cells}\n",
    )  # fmt: skip

    assert done.returncode == 3
    assert (tmp_path / "s.csv").read_text() == "old"
    assert (tmp_path / "r.csv").read_text().splitlines()[1].startswith("<stdin>,3,")
    assert {path.name for path in tmp_path.iterdir()} == {"s.csv", "r.csv"}


def test_evaluating_again_gives_the_figures_of_the_artifact(run, trained, sample, tmp_path):
    done = run("evaluate", trained.artifact, "--data", sample, "--json", cwd=tmp_path)

    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads((trained.artifact / "evaluation.json").read_text())


def test_evaluation_looks_at_the_accounts_kept_out_unless_told_otherwise(
    run, small_trained, small, tmp_path
):
    training = json.loads((small_trained / "manifest.json").read_text())["training"]

    kept_out = run("evaluate", small_trained, "--data", small, cwd=tmp_path)
    everyone = run("evaluate", small_trained, "--data", small, "--all", cwd=tmp_path)

    count = training["split"]["accounts"]["evaluate"]
    assert kept_out.stdout.startswith(f"on {count:,} accounts (evaluation split)")
    assert everyone.stdout.startswith("on 1,500 accounts (all accounts)")


def test_evaluating_accounts_that_were_all_fitted_says_so(run, small_trained, small, tmp_path):
    lonely = tmp_path / "data"
    lonely.mkdir()
    for path in small.glob("*.csv"):
        (lonely / path.name).write_text("\n".join(path.read_text().splitlines()[:2]) + "\n")
    # `tests/training/test_split.py` holds how accounts are dealt; this one is not kept out.
    for path in lonely.glob("*.csv"):
        header, row = path.read_text().splitlines()
        path.write_text(f"{header}\nfitted-1{row[row.index(',') :]}\n")

    kept_out = run("evaluate", small_trained, "--data", lonely, cwd=tmp_path)

    assert kept_out.returncode == 1
    assert "none of the 1 accounts was kept out of training; --all" in kept_out.stderr


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


def test_a_result_replaces_what_a_link_points_to(run, small_trained, small, tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "real.csv").chmod(0o600)
    (tmp_path / "link.csv").symlink_to("real.csv")

    run("score", small_trained, "--data", small, "--out", "link.csv", cwd=tmp_path)

    assert (tmp_path / "link.csv").is_symlink()
    assert len(read_scores(tmp_path / "real.csv")) == 1500
    assert stat.S_IMODE((tmp_path / "real.csv").stat().st_mode) == 0o600, "private stays private"


def test_a_linked_artifact_is_replaced_behind_its_link(run, small_trained, five_metrics, tmp_path):
    build = ("build", "--from", small_trained, "--out", "current", "--scorecard")
    (tmp_path / "current").symlink_to("v1")
    (tmp_path / "mine.yaml").write_text(five_metrics.read_text().replace("macro: 1,", "macro: 9,"))

    first = run(*build, five_metrics, cwd=tmp_path)
    second = run(*build, "mine.yaml", cwd=tmp_path)

    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert (tmp_path / "current").is_symlink()
    assert load_scorer(tmp_path / "v1").artifact.version in second.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"current", "v1", "mine.yaml"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_named_pipe_is_written_to_not_replaced(launch, small_trained, small, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    process = launch("score", small_trained, "--data", small, "--out", "pipe", cwd=tmp_path)

    text = (tmp_path / "pipe").read_text()

    assert process.wait(180) == 0
    assert len(read_scores(text)) == 1500
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    process.communicate()
