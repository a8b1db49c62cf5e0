"""Artifacts, trained once."""

from types import SimpleNamespace

import pytest
from gate_artifacts import made_in, make_artifacts

from tests.made_once import made_once


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    return made_in(made_once(tmp_path_factory, "gate", make_artifacts))
