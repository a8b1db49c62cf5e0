"""The gateway image in front of the serving image, confined as in deploy/compose.yaml."""

import pytest

from tests.container.composed import confinement
from tests.container.expected import JSON_BODY, scores_in_json, scores_of

pytestmark = pytest.mark.container

PATH = "/default/invocations"


@pytest.fixture(scope="module")
def keys(podman, image):
    """A volume with one key, issued in the image; gives its option and the key."""
    volume = "--volume=scorecard-test-keys:/keys"
    issue = ["scorecard", "keys", "issue", "einstein-studio", "--keys", "/keys/keys.json"]
    issued = podman.run("--read-only", volume, image("gateway"), *issue)
    yield volume, issued.stdout.strip()
    podman.remove_all()
    podman("volume", "rm", "--force", "scorecard-test-keys")


@pytest.fixture(scope="module")
def start_gateway(keys, serve, trained, podman, image):
    """Start gateways in front of one serving container: `start_gateway()`."""
    upstream = serve(trained, options=confinement("serving"))
    upstream.wait_for_ping()
    options = [*confinement("gateway"), keys[0]]
    address = f"http://127.0.0.1:{upstream.port}"

    def start():
        container = podman.start(image("gateway"), options=options, SCORECARD_UPSTREAM=address)
        container.wait_for_ping()
        return container

    return start


@pytest.fixture(scope="module")
def gateway(start_gateway):
    return start_gateway()


def test_a_caller_with_the_key_gets_scores(gateway, keys, trained):
    answer = gateway.call(
        "POST", PATH, JSON_BODY, Content_Type="application/json", x_api_key=keys[1]
    )

    assert scores_in_json(answer) == scores_of(trained)


@pytest.mark.parametrize("headers", [{}, {"x_api_key": "sk_wrong"}])
def test_others_are_forbidden(gateway, headers):
    answer = gateway.call("POST", PATH, JSON_BODY, Content_Type="application/json", **headers)

    assert answer.status == 403
    assert answer.json() == {"message": "Forbidden"}


def test_it_runs_as_an_ordinary_user_and_says_that_it_is_well(gateway, podman):
    whoami = "import pathlib; print(pathlib.Path('/proc/1/status').read_text())"

    assert "Uid:\t10001\t10001\t10001\t10001" in gateway.python(whoami).stdout
    assert podman("healthcheck", "run", gateway.id, ok=False).returncode == 0


def test_without_settings_it_ends_and_names_what_is_missing(podman, image):
    done = podman.run(image("gateway"), ok=False)

    assert done.returncode == 2
    assert "SCORECARD_UPSTREAM" in done.stderr


def test_sigterm_ends_it_with_0(start_gateway):
    gateway = start_gateway()

    code, seconds = gateway.stop()

    assert code == 0
    assert seconds < 30
