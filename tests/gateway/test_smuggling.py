"""Row 25: nothing hidden in a request is served, whether or not the request itself is."""

import pytest

from tests.gateway.smuggling import HOST, POISON_BODY, SHAPES, Shape, wire


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
