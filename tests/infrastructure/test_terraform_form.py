import json
import re
import shutil
import subprocess

import pytest
import yaml

from tests.infrastructure.tools import TERRAFORM, initialised, terraform, terraform_environ, tool

pytestmark = pytest.mark.infra

LONGEST = 150


@pytest.fixture(scope="module")
def environ(tmp_path_factory) -> dict[str, str]:
    """For commands that ask no AWS."""
    return terraform_environ(tmp_path_factory.mktemp("environ"), "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def stack(tmp_path_factory, environ):
    folder = tmp_path_factory.mktemp("form") / "terraform"
    shutil.copytree(TERRAFORM, folder, ignore=shutil.ignore_patterns(".terraform*", "*.tf[sv]*"))
    initialised(folder, environ)
    return folder


def test_files_are_formatted(stack, environ):
    assert terraform(stack, environ, "fmt", "-check", "-recursive") == ""


def test_the_configuration_is_valid(stack, environ):
    told = json.loads(terraform(stack, environ, "validate", "-json"))

    assert told["valid"]
    assert told["warning_count"] == 0, told["diagnostics"]


def test_names_settings_and_refusals_are_right(stack, environ):
    printed = terraform(stack, environ, "test")

    assert re.search(r"Success! \d+ passed, 0 failed", printed)


def test_every_variable_is_described_and_what_can_be_wrong_is_refused_in_a_test():
    refused = (TERRAFORM / "tests" / "refusals.tftest.hcl").read_text()
    texts = "\n".join(path.read_text() for path in TERRAFORM.glob("variables*.tf"))
    found = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', texts, re.DOTALL | re.MULTILINE)

    assert len(found) >= 20
    for name, text in found:
        assert re.search(r'^  description = "[^"]{20,}', text, re.MULTILINE), name
        is_free = "= bool" in text and "validation" not in text
        assert is_free or ("validation {" in text and f"var.{name}," in refused), name


def test_every_output_is_described():
    text = (TERRAFORM / "outputs.tf").read_text()
    found = re.findall(r'^output "(\w+)" \{\n(.*?)^\}', text, re.DOTALL | re.MULTILINE)

    names = {name for name, _ in found}
    assert names >= {"api_url", "api_token", "s3_bucket", "model_name", "ecr_url"}
    for name, output in found:
        assert "description = " in output, name
        assert ("sensitive   = true" in output) == ("token" in name), name


def test_files_fit_a_readers_head():
    long = {
        path.name: len(path.read_text().splitlines())
        for path in TERRAFORM.rglob("*.*")
        if path.suffix in {".tf", ".hcl"} and len(path.read_text().splitlines()) > LONGEST
    }

    assert long == {}


def test_checkov_finds_what_is_left_out_on_purpose_and_nothing_else(tmp_path):
    left_out = yaml.safe_load((TERRAFORM / ".checkov.yaml").read_text())["skip-check"]
    shutil.copytree(TERRAFORM, tmp_path / "stack", ignore=shutil.ignore_patterns(".*", "*.tf[sv]*"))
    program = tool("checkov==3.3.30", "checkov")
    words = ["--framework", "terraform", "--skip-download", "--output", "json"]
    done = subprocess.run(
        [program, "-d", tmp_path / "stack", *words], check=False, capture_output=True, text=True
    )

    told = json.loads(done.stdout)
    assert not told["results"]["parsing_errors"]
    assert told["summary"]["passed"] > 150
    # Also the other way round: what is skipped without need would hide a mistake later.
    assert {check["check_id"] for check in told["results"]["failed_checks"]} == set(left_out)
