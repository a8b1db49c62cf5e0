"""Artifacts, trained once."""

from types import SimpleNamespace

import pytest
from gate_artifacts import make_artifacts


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    return make_artifacts(tmp_path_factory.mktemp("gate"))
