"""What deploy/README.md says of models is so: its commands run, and containers follow."""

import re
import subprocess
import time
from pathlib import Path

import pytest

from serving.scoring import load_scorer
from tests.load.moved_registry import FAKE_AWS, moto_at
from tests.processes import BIN, Process, call, free_port, user_environ

README = (Path(__file__).parents[2] / "deploy" / "README.md").read_text()
URI = "s3://my-bucket/models"
POLL_S = 1


def commands_of(heading):
    """The lines of the first shell block under a heading."""
    section = README[README.index(f"## {heading}\n") :]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[0].splitlines()


@pytest.fixture
def folder(tmp_path, run, small, small_trained, five_metrics):
    """A checkout with a model and a retrained one."""
    (tmp_path / "build").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sample").symlink_to(small)
    (tmp_path / "build" / "artifact").symlink_to(small_trained)
    told = ["--data", small, "--scorecard", five_metrics, "--seed", 2]
    done = run("train", *told, "--out", "build/retrained", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


@pytest.fixture
def aws():
    """The environment of an S3 with the README's bucket."""
    with moto_at(free_port()) as endpoint:
        given = user_environ(**FAKE_AWS, AWS_ENDPOINT_URL=endpoint)
        made = "import boto3; boto3.client('s3').create_bucket(Bucket='my-bucket')"
        subprocess.run([BIN / "python", "-c", made], env=given, check=True)
        yield given


@pytest.fixture
def follower(aws, folder):
    """A container that follows the registry."""
    port = free_port()
    settings = {**aws, "SCORECARD_POLL_S": str(POLL_S), "SCORECARD_CACHE": str(folder / "cache")}
    process = Process(
        [BIN / "serve"],
        folder / "log",
        port=port,
        **settings,
        SCORECARD_MODEL=URI,
        SCORECARD_PORT=str(port),
        SCORECARD_WORKERS="2",
    )
    yield process
    process.stop()


def served(container):
    """The versions that answer, asked often enough to meet every worker; None is none."""
    answers = [call(container.port, "POST", "/invocations", '{"instances":[]}') for _ in range(40)]
    return {answer.headers.get("x-scorecard-version") for answer in answers}


def wait_until_served(container, version, line):
    until = time.monotonic() + 10 * POLL_S
    while served(container) != {version}:
        assert time.monotonic() < until, f"{version} is not served after: {line}"
        time.sleep(0.1)


@pytest.mark.slow
def test_a_model_is_promoted_and_taken_back_as_written(folder, aws, follower):
    old, new = (
        load_scorer(folder / "build" / name).artifact.version for name in ("artifact", "retrained")
    )
    written = commands_of("Models: publish, promote, go back")
    current = old

    for line in [f"scorecard publish build/artifact {URI}", *written]:
        command = f"{BIN}/{line}".replace("5f0c2a", new[:6])
        done = subprocess.run(
            command, shell=True, cwd=folder, env=aws, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        if line.startswith("scorecard promote") and "--dry-run" not in line:
            current = new
        if line.startswith("scorecard rollback"):
            current = old
        wait_until_served(follower, current, line)

    verbs = [line.split()[1] for line in written]
    assert verbs == ["publish", "versions", "promote", "promote", "rollback", "gc"]
    assert (folder / "build" / "moves.png").stat().st_size > 0
