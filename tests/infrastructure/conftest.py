"""An AWS account on this machine, and what happens in it when deploy/AWS.md is followed."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.infrastructure import story
from tests.infrastructure.hosting import Hosting
from tests.infrastructure.story import Seen
from tests.infrastructure.tools import initialised, terraform_environ, tool
from tests.processes import BIN, Process, free_port


@pytest.fixture(scope="session")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that says which container is behind an endpoint."""
    path = tmp_path_factory.mktemp("containers") / "ports.json"
    path.write_text("{}")
    return path


@contextmanager
def aws_account(log: Path, containers: Path) -> Iterator[str]:
    """Run an AWS account of our own; gives its address."""
    port = free_port()
    program = [sys.executable, "-m", "tests.infrastructure.aws_account", port, containers]
    process = Process(program, log, port=port, watched=False)
    try:
        process.wait_for_ping(path="/moto-api/data.json")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop()


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory, containers: Path) -> Iterator[str]:
    """The account in which deploy/AWS.md is followed."""
    with aws_account(tmp_path_factory.mktemp("account") / "log", containers) as address:
        yield address


@pytest.fixture(scope="session")
def other_account(tmp_path_factory: pytest.TempPathFactory, containers: Path) -> Iterator[str]:
    """Another one."""
    with aws_account(tmp_path_factory.mktemp("other-account") / "log", containers) as address:
        yield address


@pytest.fixture(scope="session")
def environ(tmp_path_factory: pytest.TempPathFactory, account: str) -> dict[str, str]:
    """An environment for commands: Terraform, `scorecard`, `aws`, and this account."""
    made = terraform_environ(tmp_path_factory.mktemp("environ"), account)
    path = os.pathsep.join([str(BIN), str(tool("awscli", "aws").parent), made["PATH"]])
    return {**made, "PATH": path}


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]) -> Path:
    folder = story.workplace(tmp_path_factory.mktemp("work") / "clone")
    initialised(folder / "deploy" / "terraform", environ)
    return folder


@pytest.fixture(scope="session")
def hosting(
    tmp_path_factory: pytest.TempPathFactory, containers: Path, environ: dict[str, str]
) -> Iterator[Hosting]:
    made = Hosting(tmp_path_factory.mktemp("hosting"), containers, environ)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def told(workplace: Path, environ: dict[str, str], hosting: Hosting) -> list[Seen]:
    """What was seen after each block of deploy/AWS.md, in order."""
    return story.tell(workplace, environ, hosting)
