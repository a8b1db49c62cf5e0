from collections.abc import Iterator

import pytest

from serving.gateway.keys import issue
from tests.gateway.fakes import NOON, FakeContainer, Keys, RunningGateway, running_gateway


@pytest.fixture(scope="session")
def session_container() -> Iterator[FakeContainer]:
    container = FakeContainer()
    yield container
    container.close()


@pytest.fixture
def container(session_container: FakeContainer) -> FakeContainer:
    session_container.reset()
    return session_container


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    return Keys(path, issue(path, "einstein", NOON))


@pytest.fixture
def gateway(session_gateway: RunningGateway, container: FakeContainer) -> RunningGateway:
    return session_gateway


@pytest.fixture(scope="session")
def session_gateway(
    session_container: FakeContainer, keys: Keys, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("gateway")
    with running_gateway(
        folder,
        SCORECARD_UPSTREAM=session_container.url,
        SCORECARD_KEYS_FILE=str(keys.path),
        # API Gateway's 29 s, shortened.
        SCORECARD_UPSTREAM_TIMEOUT_S="1",
        # Tests ask with wrong keys far more often than callers do.
        SCORECARD_FAILURE_RATE="10000/second",
    ) as running:
        yield running
