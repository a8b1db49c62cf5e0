"""A container that never answers holds up nobody but those who ask it: row 97."""

import time

import pytest

from tests.gateway.fakes import FakeContainer, Reply
from tests.load.behind_gateway import gateway_on
from tests.load.bodies import PING, many_rows, one_row
from tests.load.client import Load, under_load

pytestmark = pytest.mark.slow

THREADS = 4
LIMIT_S = 0.1


@pytest.fixture
def hanging():
    container = FakeContainer()
    yield container
    container.close()


@pytest.mark.parametrize("request_of", [one_row, many_rows])
def test_while_all_wait_for_the_container_refusals_and_pings_are_at_once(
    hanging, tmp_path, say, request_of
):
    settings = {
        "SCORECARD_GATEWAY_THREADS": str(THREADS),
        "SCORECARD_GATEWAY_WORKERS": "1",
        "SCORECARD_UPSTREAM_TIMEOUT_S": "6",
        "SCORECARD_FAILURE_RATE": "10000/second",
    }
    with gateway_on(tmp_path, hanging.port, **settings) as gateway:
        assert Load(gateway.port, [PING]).run(count=5).answered == {200: 5}
        hanging.reply = Reply(delay_s=60)
        hanging.ping_delay_s = 60
        waiting = Load(gateway.port, [gateway.request(request_of())], clients=2 * THREADS)
        waiting.pause_refused_s = 0.1
        strangers = gateway.request(request_of()).replace(gateway.secret.encode(), b"wrong")
        refused = Load(gateway.port, [strangers], pause_s=0.01)
        pings = Load(gateway.port, [PING], pause_s=0.02, pause_refused_s=0.02)

        with under_load(waiting), under_load(refused), under_load(pings):
            time.sleep(5)
            refused.end()
            pings.end()

    say(
        f"refusals p99 {refused.tally.quantile(0.99, 403) * 1e3:.0f} ms, "
        f"pings {pings.tally.answered}, slowest {pings.tally.longest() * 1e3:.0f} ms"
    )
    assert set(refused.tally.answered) == {403}
    assert refused.tally.quantile(0.9, 403) < LIMIT_S
    assert set(pings.tally.answered) <= {200, 503}
    # As ready as it was last known to be, until the question has waited for two seconds.
    assert pings.tally.answered[503]
    assert pings.tally.quantile(0.9, 503) < LIMIT_S
    # Those beyond the threads are told at once; those who wait, at the time limit.
    assert waiting.tally.answered[503] > THREADS
    assert set(waiting.tally.answered) == {503, 504}
    assert not [load for load in (waiting, refused, pings) if load.tally.lost]
