"""What deploy/README.md says of training on SageMaker is so."""

import ast
import json
import re
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import validate_parameters

from training.sagemaker_job.channels import account_files
from training.sagemaker_job.hyperparameters import Hyperparameters, read_hyperparameters
from training.sagemaker_job.objectives import OBJECTIVE, figures_of, regex_of

README = (Path(__file__).parents[3] / "deploy" / "README.md").read_text()
SECTION = README[README.index("## Training on SageMaker\n") :].split("\n## ", 1)[0]
MODEL = botocore.session.get_session().get_service_model("sagemaker")


def row(name):
    field = Hyperparameters.model_fields[name]
    default = field.default
    shown = "" if default is None else default if isinstance(default, str) else json.dumps(default)
    return f"| `{name}` | {f'`{shown}`' if shown else ''} | {field.description} |"


@pytest.mark.parametrize("name", Hyperparameters.model_fields)
def test_a_hyperparameter_is_documented(name):
    assert row(name) in SECTION


def test_the_table_has_no_other_hyperparameters():
    table = SECTION.split("### Hyperparameters")[1].split("###")[0]

    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(Hyperparameters.model_fields)


def example(variable):
    """The dictionary that a block assigns to a variable, and the call it is given to."""
    for block in re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL):
        tree = ast.parse(block)
        assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
        if assigned[0].targets[0].id == variable:
            return ast.literal_eval(assigned[0].value), tree.body[-1].value.func.attr
    raise AssertionError(variable)


@pytest.mark.parametrize(
    ("variable", "operation", "method"),
    [
        ("job", "CreateTrainingJob", "create_training_job"),
        ("tuning", "CreateHyperParameterTuningJob", "create_hyper_parameter_tuning_job"),
    ],
)
def test_an_example_is_what_botocore_takes(variable, operation, method):
    told, called = example(variable)

    validate_parameters(told, MODEL.operation_model(operation).input_shape)
    assert called == method


def test_a_wrong_example_would_be_seen():
    told, _ = example("job")

    with pytest.raises(botocore.exceptions.ParamValidationError, match="S3Url"):
        validate_parameters(
            told | {"CheckpointConfig": {"S3Url": "s3://b/"}},
            MODEL.operation_model("CreateTrainingJob").input_shape,
        )


def definitions():
    told, tuned = example("job")[0], example("tuning")[0]["TrainingJobDefinition"]
    return [
        each
        for part in (told, tuned)
        for each in part["AlgorithmSpecification"]["MetricDefinitions"]
    ]


def test_the_examples_expressions_are_those_of_figures_that_are_printed():
    told = {"rank_crps_ratio": 0.9, "rank_crps_knn_ratio": 0.9, "pit_ks": 0.1, "worst_cell_ks": 0.1}
    figures = figures_of({"accounts": 9, "metrics": {"macro": told}})

    assert {each["Name"] for each in definitions()} <= {*figures, "metrics_fitted"}
    assert all(each["Regex"] == regex_of(each["Name"]) for each in definitions())
    named = set(
        re.findall(r"^\| (`[a-z_]+`) \| (?!`)", SECTION.split("### Metrics and")[1], re.MULTILINE)
    )
    whole = {name for name in figures if ":" not in name}
    assert named == {f"`{name}`" for name in {*whole, "metrics_fitted"}}


def test_the_tuning_example_makes_the_objective_small_over_values_there_are():
    told, _ = example("tuning")
    config = told["HyperParameterTuningJobConfig"]

    assert config["HyperParameterTuningJobObjective"] == {
        "Type": "Minimize",
        "MetricName": OBJECTIVE,
    }
    for each in config["ParameterRanges"]["CategoricalParameterRanges"]:
        for value in each["Values"]:
            asked = {**told["TrainingJobDefinition"]["StaticHyperParameters"], each["Name"]: value}
            assert getattr(read_hyperparameters(asked), each["Name"]) == value


def test_the_example_s_hyperparameters_and_channels_are_ours(tmp_path):
    told, _ = example("job")
    (tmp_path / "peer_dims.csv").touch()

    assert read_hyperparameters(told["HyperParameters"]).seed == 7
    for channel in told["InputDataConfig"]:
        assert account_files({channel["ChannelName"]: tmp_path}, ["peer_dims"]).files
