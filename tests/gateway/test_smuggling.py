"""Row 25: nothing hidden in a request is served, whether or not the request itself is."""

import pytest

from tests.gateway.smuggling import HOST, ODD, POISON_BODY, SHAPES, Shape, wire


def test_there_are_as_many_shapes_as_promised():
    assert len(SHAPES) >= 60
    assert len({shape.why for shape in SHAPES}) == len(SHAPES)


def test_the_poison_would_be_served_if_it_were_not_hidden(gateway, container, keys):
    proper = Shape("proper", (HOST, b"Content-Length: 2"), b"{}")

    gateway.send_raw(wire(proper, keys.key.secret.encode()))

    assert [heard.body for heard in container.invocations] == [b"{}", POISON_BODY]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.why)
def test_row_25_no_shape_smuggles_a_second_request_in(gateway, container, keys, shape):
    data = wire(shape, keys.key.secret.encode())

    answers = gateway.send_raw(data, half_close=True)

    assert not [heard for heard in container.invocations if POISON_BODY in heard.body]
    assert not [heard for heard in container.heard if heard.path != "/invocations"]
    assert answers.count(b"HTTP/1.1 ") <= 1
    assert keys.key.secret.encode() not in answers


@pytest.mark.parametrize("shape", ODD, ids=lambda shape: shape.why)
def test_after_a_request_that_is_odd_nothing_is_served_on_its_connection(
    gateway, container, keys, shape
):
    answers = gateway.send_raw(wire(shape, keys.key.secret.encode()))

    assert answers[9:12] in (b"400", b"403", b"415")
    assert answers.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in answers
    assert not container.invocations


def test_after_a_request_to_go_on_in_another_protocol_nothing_is_served_on_its_connection(
    gateway, container, keys
):
    upgrade = (HOST, b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"Content-Length: 2")

    answers = gateway.send_raw(wire(Shape("h2c", upgrade, b"{}"), keys.key.secret.encode()))

    assert answers.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nConnection: close\r\n" in answers
    assert [heard.body for heard in container.invocations] == [b"{}"]


def test_after_a_wrong_key_the_next_request_is_served(gateway, keys):
    proper = Shape("proper", (HOST, b"Content-Length: 2"), b"{}")

    answers = gateway.send_raw(wire(proper, b"wrong") + wire(proper, keys.key.secret.encode()))

    statuses = [answer[:3] for answer in answers.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"403", b"403", b"200", b"200"]
