"""Images are built once per run of the tests, and what was started is removed at the end."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.container import building
from tests.container.podman import Container, Podman

#: What was measured; printed at the end.
_FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_FIGURES] = []


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for figure in config.stash[_FIGURES]:
        terminalreporter.write_line(figure)


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say a figure that the run is to end with."""
    return request.config.stash[_FIGURES].append


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    if missing := building.missing():
        pytest.skip(f"no {', '.join(missing)}; on Debian: apt-get install podman runc mmdebstrap")
    podman = Podman(building.ROOT / "build" / "container")
    podman.folder.mkdir(parents=True, exist_ok=True)
    yield podman
    podman.remove_all()
    # What builds have left without a name; it would be gigabytes after some days.
    podman("image", "prune", "--force")


@pytest.fixture(scope="session")
def image(podman: Podman) -> Callable[[str], str]:
    """Give the name of an image, built when it is first asked for: `image("serving")`."""
    return functools.cache(lambda target: building.build(podman, target))


@pytest.fixture(scope="module")
def serve(podman: Podman, image: Callable[[str], str]) -> Iterator[Callable[..., Container]]:
    """Start serving containers with a model: `serve(artifact, options=[...], SETTING="...")`."""

    def serve(model: Path | None, *, options: list[str] | None = None, **environ: str) -> Container:
        # As SageMaker lays a model, but that nothing else may be written either.
        given = ["--read-only", "--tmpfs", "/tmp", *(options or [])]  # noqa: S108 (a mount)
        if model:
            given.append(f"--volume={model}:/opt/ml/model:ro")
        return podman.start(image("serving"), "serve", options=given, **environ)

    yield serve
    podman.remove_all()
