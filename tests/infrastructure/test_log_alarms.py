import json
import re
import subprocess
import time
from fnmatch import fnmatchcase

import pytest

from tests.infrastructure.hosting import ROW
from tests.infrastructure.tools import TERRAFORM
from tests.processes import BIN, Process, call, free_port

pytestmark = pytest.mark.infra


def patterns() -> dict[str, tuple[str, str]]:
    """Read what alarms look for in the log: name → a key of a line, and its value."""
    text = (TERRAFORM / "alarms_log.tf").read_text()
    found = re.findall(
        r'^    ([a-z-]+) = \{.*?pattern\s+= "\{ \$\.(\w+) = \\"(.*?)\\" \}"',
        text,
        re.DOTALL | re.MULTILINE,
    )
    return {name: (key, value) for name, key, value in found}


def alarms_in(container: Process) -> set[str]:
    lines = container.log_lines()
    return {
        name
        for name, (key, value) in patterns().items()
        if any(fnmatchcase(str(one.get(key)), value) for one in lines)
    }


def wait_for(container: Process, alarm: str) -> None:
    deadline = time.monotonic() + 30
    while alarm not in alarms_in(container):
        assert time.monotonic() < deadline, f"no {alarm} in:\n{container.log()}"
        time.sleep(0.1)


@pytest.fixture
def registry(tmp_path):
    folder = tmp_path / "registry"
    folder.mkdir()
    return folder


@pytest.fixture
def container(tmp_path, registry):
    port = free_port()
    process = Process(
        [BIN / "serve"],
        tmp_path / "container.log",
        port=port,
        SCORECARD_MODEL=f"file://{registry}",
        SCORECARD_WORKERS="1",
        SCORECARD_POLL_S="0.3",
        SCORECARD_CACHE=str(tmp_path / "cache"),
        SCORECARD_REFUSE_OUT_OF_RANGE="0.2",
        SAGEMAKER_BIND_TO_PORT=str(port),
    )
    yield process
    process.stop()


def test_every_alarm_of_the_log_goes_off_by_a_line_that_the_container_writes(
    container, registry, trained
):
    assert len(patterns()) == 4

    wait_for(container, "model-not-loaded")
    publish = [BIN / "scorecard", "publish", trained, f"file://{registry}"]
    subprocess.run(publish, check=True, capture_output=True)
    container.wait_for_ping()
    assert alarms_in(container) <= {"model-not-loaded", "registry-not-read"}

    pointer = registry / "current.json"
    told = json.loads(pointer.read_text())
    pointer.write_text(json.dumps({**told, "version": "0" * 32, "manifest_sha256": "0" * 64}))
    wait_for(container, "model-refused")

    pointer.unlink()
    wait_for(container, "registry-not-read")

    turned = {"features": [*ROW[5:], *ROW[:5]]}
    body = json.dumps({"instances": [turned] * 20})
    answer = call(container.port, "POST", "/invocations", body, Content_Type="application/json")
    assert answer.status == 400
    wait_for(container, "columns-shifted")
