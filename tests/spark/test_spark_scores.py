import re
import shutil
from pathlib import Path

import pytest

from serving.scoring import load_scorer
from serving.scoring.errors import ArtifactError
from tests.spark.spark_scores import assert_same_scores, local_scores, spark_scores
from training.errors import DataError, TooManyRefused
from training.spark.scores import score_on_spark

SAMPLE = Path(__file__).parents[2] / "data" / "sample"

MIXED = {
    "peer_dims": "acct_id,acct_size,last_updated\n"
    "A,10,2026-01-31T12:00Z\nB,2000,2026-02-01\nC,,2026-01-01\n",
    "facts": "acct_id,active,bots,bought,insider_call,insider_program,last_qbr,logins,macro,tenure,"
    "usage_tier\nA,3,1,10,true,FALSE,2026-01-02,40,2,12,High\nB,,0,0,,TRUE,,1,0,3,\n",
}


def write(folder, tables):
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def test_five_thousand_accounts_have_the_bits_of_one_machine(spark, artifact, tmp_path):
    told = score_on_spark(artifact, str(SAMPLE), str(tmp_path / "out"), master=None)

    scores = spark_scores(tmp_path / "out")
    scorer = load_scorer(artifact)
    assert told.count == len(scores) == 5000
    assert_same_scores(scores, local_scores(scorer, SAMPLE))
    assert list(scores) == ["acct_id", *scorer.outputs, "artifact_version"]
    assert scores["last_modified"].nunique() == 1
    assert (tmp_path / "out" / "_SUCCESS").exists()


def test_dates_flags_and_categories_are_scored_as_of_the_newest_row(
    spark, mixed_artifact, tmp_path
):
    folder = write(tmp_path, MIXED)

    score_on_spark(mixed_artifact, str(folder), str(tmp_path / "out"), master=None)

    expected = local_scores(load_scorer(mixed_artifact), folder)
    assert expected["care_qbr_metric_score"].notna().any(), "a date counts"
    assert_same_scores(spark_scores(tmp_path / "out"), expected)


def test_many_accounts_have_the_bits_of_one_machine(spark, artifact, many_accounts, tmp_path):
    import pandas as pd

    folder, expected = many_accounts

    score_on_spark(artifact, str(folder), str(tmp_path / "out"), master=None)

    assert_same_scores(spark_scores(tmp_path / "out"), pd.read_parquet(expected))


def test_too_many_refused_rows_leave_nothing(spark, artifact, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(SAMPLE, data)
    with (data / "peer_dims.csv").open("a") as file:
        file.write("X,oops,1\n" * 300)

    with pytest.raises(TooManyRefused, match="300 rows: acct_age is not a number") as refused:
        score_on_spark(artifact, str(data), str(tmp_path / "out"), master=None)

    refused.value.refusals.write_csv(tmp_path / "refused.csv")
    assert "peer_dims.csv,\"X,oops,1\",acct_age is not a number: 'oops'" in (
        tmp_path / "refused.csv"
    ).read_text().replace('""', '"')
    assert {path.name for path in tmp_path.iterdir()} == {"data", "refused.csv"}


def test_scores_are_not_written_over_what_is_there(spark, artifact, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "theirs").touch()

    with pytest.raises(DataError, match="out is there already"):
        score_on_spark(artifact, str(SAMPLE), str(tmp_path / "out"), master=None)

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["theirs"]


def test_an_empty_folder_is_filled(spark, mixed_artifact, tmp_path):
    write(tmp_path, MIXED)
    (tmp_path / "out").mkdir()

    score_on_spark(mixed_artifact, str(tmp_path), str(tmp_path / "out"), master=None)

    assert len(spark_scores(tmp_path / "out")) == 3


def test_a_damaged_artifact_is_refused_before_spark_starts(artifact, tmp_path):
    (tmp_path / "model.tar.gz").write_bytes(artifact.read_bytes()[:-100])

    with pytest.raises(ArtifactError, match=re.escape("model.tar.gz")):
        score_on_spark(
            tmp_path / "model.tar.gz", str(SAMPLE), str(tmp_path / "out"), master="none such"
        )
