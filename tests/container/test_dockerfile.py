"""The Dockerfile is as its linter wants it, and begins with a base that is pinned."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.container.building import IMAGES


@pytest.mark.container
@pytest.mark.skipif(sys.platform != "linux", reason="hadolint comes for Linux only")
def test_hadolint_finds_nothing():
    hadolint = Path(sys.executable).parent / "hadolint"

    done = subprocess.run(
        [hadolint, "--no-color", IMAGES / "Dockerfile"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_the_base_is_pinned_to_its_content_and_nothing_is_ignored():
    text = (IMAGES / "Dockerfile").read_text()

    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    stages = re.findall(r"^FROM \S+ AS (\S+)", text, re.MULTILINE)
    assert {base for base in bases if base not in stages} == {"${BASE_IMAGE}"}
    assert re.search(
        r"^ARG BASE_IMAGE=\S+:3\.11\.\d+-slim-\w+@sha256:[0-9a-f]{64}$", text, re.MULTILINE
    )
    assert "hadolint ignore" not in text
    assert all(
        word.startswith("[") for word in re.findall(r"^ENTRYPOINT (.*)$", text, re.MULTILINE)
    )
