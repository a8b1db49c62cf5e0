"""deploy/EINSTEIN_STUDIO.md says what the artifact's own schema and the program say."""

import re
from pathlib import Path

import yaml

from training.prediction_job.definition import StreamDefinition, read_job
from training.prediction_job.mapping import jobs_folder
from training.prediction_job.objects import OBJECTS, OWNERS

PAGE = (Path(__file__).parents[3] / "deploy" / "EINSTEIN_STUDIO.md").read_text()


def table(heading):
    """The rows of the first table under a heading, code marks left out."""
    section = PAGE.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    return rows[2:]


def test_the_inputs_are_the_artifact_s_in_its_order(scorer):
    rows = table("### The inputs, in this order")

    assert rows == [
        [str(place), column.name, column.name, "Number", OWNERS[column.name], "Yes"]
        for place, column in enumerate(scorer.inputs, start=1)
    ]
    assert {column.type for column in scorer.inputs} == {"number"}


def test_the_outputs_are_the_artifact_s_with_their_paths(scorer):
    rows = table("### The outputs")

    assert rows == [
        [name, "Text" if name == "last_modified" else "Number", f"$.predictions[*].{name}"]
        for name in scorer.outputs
    ]


def test_the_data_streams_are_set_as_the_job_s_are():
    rows = {name: values for name, *values in table("### The S3 connection and its data streams")}
    stream = StreamDefinition(source="in/")

    assert rows["Object Label"] == list(OBJECTS)
    assert set(rows["Primary Key"]) == {stream.primary_key}
    accounts, *metrics = rows["Record Modified Field"]
    assert accounts == f"{stream.record_modified}`, if the files have it"
    assert set(metrics) == {stream.record_modified}
    assert set(rows["Refresh Mode"]) == {stream.mode}
    assert set(rows["Category"]) == {stream.category}
    minutes = read_job(jobs_folder() / "css_mini_job.yaml").definition.every_minutes
    assert set(rows["Schedule"]) == {f"every {minutes:g} minutes"}


def test_the_connection_is_the_one_of_the_example_job():
    rows = dict(table("### The connection: AI Models → Add Model → Amazon SageMaker"))
    model = yaml.safe_load((jobs_folder() / "css_mini_job.yaml").read_text())["model"]

    assert rows["Endpoint Name"] == model["name"]
    assert rows["Auth Header"] == model["auth_header"]
    assert model["url"].endswith("/default/invocations")
    assert "/default/invocations" in rows["Inference Endpoint URL"]


def test_every_setting_that_the_page_names_is_one():
    readme = (Path(__file__).parents[3] / "deploy" / "README.md").read_text()

    for setting in set(re.findall(r"SCORECARD_[A-Z_]+", PAGE)) - {"SCORECARD_JOB_KEY"}:
        assert f"| `{setting}`" in readme, setting
