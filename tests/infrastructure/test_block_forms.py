"""Blocks of deploy/AWS.md without AWS and without an engine: what they write, whom they call."""

import os
import re
import shutil

import pytest

from tests.infrastructure.runbook import RUNBOOK, blocks, run
from tests.infrastructure.tools import ROOT

BLOCKS = blocks(RUNBOOK.read_text())
WRITING = [block for block in BLOCKS if "terraform.tfvars" in block.text]
PUSHING = [block for block in BLOCKS if block.needs == "docker"]

#: Answers what outputs there are, and writes down how it was called.
STUB = """#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$(basename "$0") $*" in
  *--password-stdin*) cat > /dev/null ;;
  *ecr*url) echo 123456789012.dkr.ecr.us-east-1.amazonaws.com/css-mini ;;
  *versions*--json) echo '[{"version": "0123456789abcdef0123456789abcdef", "current": true}]' ;;
  *) echo s3://css-mini/models ;;
esac
"""


@pytest.fixture
def stubs(tmp_path):
    """An environment in which programs that reach out are stubs: `stubs("docker", "aws")`."""

    def make(*names):
        folder = tmp_path / "stubs"
        folder.mkdir()
        for name in names:
            (folder / name).write_text(STUB)
            (folder / name).chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if name != "ENGINE"}
        system = "/usr/local/bin:/usr/bin:/bin" if "podman" in names else str(bare(tmp_path))
        return {**kept, "PATH": f"{folder}:{system}", "CALLS": str(tmp_path / "calls")}

    return make


def bare(folder):
    """A folder with the programs a shell needs, and without an engine."""
    programs = folder / "programs"
    programs.mkdir()
    for name in ("sh", "bash", "sed", "git", "basename", "dirname", "cat", "mkdir"):
        (programs / name).symlink_to(shutil.which(name))
    return programs


@pytest.mark.parametrize("block", WRITING, ids=lambda block: block.section)
def test_a_block_that_writes_settings_can_be_run_twice(block, stubs, tmp_path):
    (tmp_path / "deploy" / "terraform").mkdir(parents=True)
    (tmp_path / "build").mkdir()
    settings = tmp_path / "deploy" / "terraform" / "terraform.tfvars"
    settings.write_text('image_tag = "0.0.1"\ncallers = ["einstein-studio"]\n')
    environ = stubs("podman", "terraform", "scorecard", "aws", "curl")

    for _ in range(2):
        run(block, tmp_path, environ)

    names = re.findall(r"^(\w+)\s*=", settings.read_text(), re.MULTILINE)
    assert names
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("engines", [("podman", "docker"), ("podman",), ("docker",)])
@pytest.mark.parametrize("block", PUSHING, ids=lambda block: block.section)
def test_the_engine_that_builds_an_image_pushes_it(block, engines, stubs, tmp_path):
    environ = stubs("terraform", "aws", *engines)

    run(block, ROOT, environ)

    calls = (tmp_path / "calls").read_text().splitlines()
    by_engine = [call for call in calls if re.match("(podman|docker) (?!buildx)", call)]
    assert {call.split()[0] for call in by_engine} == {engines[0]}
    build, login, tag, push = by_engine
    image = re.search(r"--tag (\S+)", build).group(1)
    assert login.split()[1] == "login"
    assert tag.split()[1:3] == ["tag", image]
    assert push.split()[1:] == ["push", tag.split()[-1]]
