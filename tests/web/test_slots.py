"""Who comes when all is taken is told at once when to come back."""

import pytest

from serving.web.problems import Problem, body_of
from serving.web.slots import BodyMemory, Shares, Slots


def test_a_slot_is_free_again_after_its_request():
    slots = Slots(1)

    for _ in range(3):
        with slots:
            pass


def test_a_slot_is_free_again_after_a_request_that_failed():
    slots = Slots(1)

    with pytest.raises(ZeroDivisionError), slots:
        raise ZeroDivisionError

    with slots:
        pass


def test_a_request_beyond_the_slots_is_503_and_says_when_to_try_again_in_header_and_body():
    slots = Slots(2)
    with slots, slots, pytest.raises(Problem) as refused, slots:
        pass

    assert refused.value.status == 503
    assert refused.value.headers == {"Retry-After": "1"}
    assert b'"retry_after": 1' in body_of(refused.value, "id")


def test_bodies_have_only_so_much_room_together():
    memory = BodyMemory(100)
    with memory.body() as hold, memory.body() as hold_other:
        hold(60)
        hold_other(40)
        with pytest.raises(Problem):
            hold(1)

    with memory.body() as hold:
        hold(100)


def test_one_caller_that_sends_all_it_may_keeps_no_other_out():
    shares = Shares(1, total=9)

    with shares.of("a"):
        with pytest.raises(Problem) as refused, shares.of("a"):
            pass
        with shares.of("b"):
            pass
    with shares.of("a"):
        pass

    assert refused.value.status == 503


def test_several_callers_together_send_no_more_than_all_may():
    shares = Shares(2, total=3)

    with shares.of("a"), shares.of("a"), shares.of("b"):
        for caller in "abc":
            with pytest.raises(Problem) as refused, shares.of(caller):
                pass
            assert refused.value.status == 503
    with shares.of("c"), shares.of("c"), shares.of("b"):
        pass
