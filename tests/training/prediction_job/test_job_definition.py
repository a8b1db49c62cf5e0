"""The two files of a job: what they may say, and how their mistakes are told."""

import pytest
import yaml

from training.prediction_job.definition import read_job
from training.prediction_job.errors import InvalidJob
from training.prediction_job.mapping import default_mapping, jobs_folder, read_mapping
from training.prediction_job.objects import OWNERS


@pytest.fixture
def mapping_lines():
    return default_mapping().read_text().splitlines()


def mistakes_of(path, read):
    with pytest.raises(InvalidJob) as refused:
        read(path)
    return [line.removeprefix(f"{path}:") for line in refused.value.mistakes]


def changed(tmp_path, lines, changes):
    path = tmp_path / "mapping.yaml"
    text = "\n".join(lines)
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after, 1)
    path.write_text(text)
    return path


def test_the_mapping_that_comes_with_the_program_is_the_model_s_own(scorer):
    mapping = read_mapping(default_mapping())

    assert tuple(mapping.inputs) == tuple(OWNERS) == tuple(column.name for column in scorer.inputs)
    assert tuple(mapping.outputs) == scorer.outputs
    assert len(mapping.outputs) == 18


def test_the_job_that_comes_with_the_program_can_be_read():
    job = read_job(jobs_folder() / "css_mini_job.yaml")

    assert job.definition.every_minutes == 5
    assert {stream.mode for stream in job.definition.streams.values()} == {"Upsert"}


def test_two_swapped_objects_are_refused_naming_the_fields(tmp_path, mapping_lines):
    swap = {"product_metrics.": "(there)", "usage_metrics.": "product_metrics."}
    text = "\n".join(mapping_lines)
    for before, after in (*swap.items(), ("(there)", "usage_metrics.")):
        text = text.replace(before, after)
    path = tmp_path / "swapped.yaml"
    path.write_text(text)

    told = mistakes_of(path, read_mapping)

    assert len(told) == 13
    assert "7: inputs.activation_rate: comes from product_metrics, not from usage_metrics" in told
    assert "8: inputs.bots: comes from usage_metrics, not from product_metrics" in told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"  bots: usage_metrics.bots\n": ""}, "4: inputs: bots is not mapped; all 15 fields"),
        ({"bots: usage_metrics.bots": "bots: usage_metrics.macro"},
         "8: inputs.bots: must be the column bots or bots__c, not macro"),
        ({"bots: usage_metrics.bots": "bots: usage.bots"},
         "8: inputs.bots: must be OBJECT.column, the object one of AccountMini"),
        ({"bots: usage_metrics.bots": "robots: usage_metrics.bots"},
         "8: inputs.robots: no field of the model"),
        ({"  acct_age: AccountMini.acct_age\n": "",
          "  bots: usage": "  acct_age: AccountMini.acct_age\n  bots: usage"},
         "5: inputs.acct_size: stands in place 1, where the model reads acct_age"),
        ({"[*].global_score": "[*].auto_component_score"},
         "ends in auto_component_score, which is not global_score"),
        ({"$.predictions[*].global_score": "$..global_score"},
         "must be $.predictions[*].KEY, not '$..global_score'"),
        ({"$.predictions[*].global_score": "$.predictions[*"}, "must be $.predictions[*].KEY"),
        ({"{type: Text,": "{type: Date,"}, "last_modified.type: must be 'Number' or 'Text'"),
        ({"  global_score:": "  acct_id:"}, "outputs.acct_id: cannot be the name of a column"),
    ],
)  # fmt: skip
def test_a_mapping_s_mistakes_are_named(tmp_path, mapping_lines, changes, told):
    path = changed(tmp_path, mapping_lines, changes)

    assert any(told in line for line in mistakes_of(path, read_mapping))


def test_columns_may_carry_the_ending_of_custom_fields(tmp_path, mapping_lines):
    path = changed(tmp_path, mapping_lines, {"usage_metrics.bots": "usage_metrics.Bots__c"})

    assert "Bots__c" in read_mapping(path).columns("usage_metrics")


def test_the_same_mapping_written_otherwise_is_the_same(tmp_path, mapping_lines):
    path = tmp_path / "mapping.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load("\n".join(mapping_lines)), sort_keys=False))

    assert read_mapping(path).sha256 == read_mapping(default_mapping()).sha256


def test_all_mistakes_of_a_job_are_told_at_once(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_text("""schema: prediction-job/v1
name: Runs
state: s.sqlite
every_minutes: 0
color: red
streams:
  AccountMini: in/
  product: in/
model:
  name: CSS Mini
  status: Ready
  url: http://me:secret@host/x
  auth_header: "x api key"
batch: {rows: 0}
""")

    told = mistakes_of(path, read_job)

    assert [line.partition(":")[0] for line in told] == sorted(
        (line.partition(":")[0] for line in told), key=int
    )
    text = "\n".join(told)
    for words in (
        "2: name: must be at most 48 of a-z",
        "4: every_minutes",
        "5: color: unknown key",
        "6: streams: product_metrics is missing",
        "6: streams: usage_metrics is missing",
        "8: streams.product: no object of a job",
        "9: model: needs one of key_file and key_env",
        "11: model.status: must be 'Draft', 'Activated' or 'Disabled'",
        "12: model.url: must have no user, password",
        "13: model.auth_header: must be the name of a header",
        "14: batch.rows",
    ):
        assert words in text
    assert "secret" not in text


@pytest.mark.parametrize("name", ["runs", "accountmini", "a_history", "1a", "a-b", 'a"; drop', ""])
def test_a_name_that_is_no_table_of_its_own_is_refused(jobs, name):
    path = jobs.write()
    path.write_text(path.read_text().replace("name: scores", f"name: '{name}'"))

    assert any(line.startswith("2: name: ") for line in mistakes_of(path, read_job))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "1: "),
        (b"- a", "1: must be a mapping of keys"),
        (b"\xff", "1: not UTF-8"),
        (b"a: [", "not valid YAML"),
        (b"#" * 2_000_000, "1: larger than"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, text, told):
    path = tmp_path / "job.yaml"
    path.write_bytes(text)

    assert told in mistakes_of(path, read_job)[0]
