"""Row 27: paths, methods and headers without a key, on the wire; none of them gets through."""

import http.client
import itertools

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "BREW"]
PATHS = [
    "/default/invocations",
    "/default/invocations/",
    "//default/invocations",
    "/default//invocations",
    "/default/../default/invocations",
    "/ping/../default/invocations",
    "/default/%69nvocations",
    "/default%2Finvocations",
    "/default/invocations;a=b",
    "/default/invocations?x-api-key=1",
    "/DEFAULT/invocations",
    "/invocations",
    "/endpoints/scorecard/invocations",
    "/endpoints/scorecard/invocations/",
    "/endpoints/../invocations",
    "/endpoints/scorecard/invocations-response-stream",
    "/endpoints/scorecard/async-invocations",
    "/endpoints//invocations",
    "/metrics",
    "/ping/invocations",
]
SIDE_DOORS = [
    {},
    {"User-Agent": "ELB-HealthChecker/2.0", "X-Forwarded-Uri": "/ping", "X-Original-URL": "/ping"},
    {"Authorization": "AWS4-HMAC-SHA256 Credential=a/b", "X-Amz-Security-Token": "a"},
    {"Authorization": "Bearer ", "X-Remote-User": "admin", "Cookie": "x-api-key=1"},
    {"x-api-key": "", "Connection": "x-api-key", "X-HTTP-Method-Override": "GET"},
    {"X-Api-Key-Id": "1", "X-Forwarded-For": "127.0.0.1", "X-Amzn-SageMaker-Target-Model": "a"},
]


def test_row_27_no_variant_reaches_the_container(gateway, container):
    cases = list(itertools.product(METHODS, PATHS, SIDE_DOORS))
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    statuses = set()

    for method, path, headers in cases:
        connection.request(method, path, b"{}", headers)
        response = connection.getresponse()
        response.read()
        statuses.add(response.status)
        # After CONNECT the client takes the connection for a tunnel.
        if method == "CONNECT":
            connection.close()
    connection.close()

    assert len(cases) >= 1000
    assert statuses <= {400, 403}
    assert not container.heard
