"""The database of the join: what of it is an error for users, and what is none."""

import os
import signal
import threading

import pytest

from training.joining.database import JoinFailed, opened_database

ENDLESS = "SELECT count(*) FROM range(1000000000000) AS a WHERE hash(a.range) % 7 = 3"


@pytest.fixture
def heard():
    """Interrupts are heard, also where whoever started the tests has ignored them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_in_the_middle_of_a_statement_is_an_interrupt_and_no_error(tmp_path, heard):
    # If it comes before the statement, that is an interrupt as well.
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    with (
        pytest.raises(KeyboardInterrupt),
        opened_database(tmp_path, memory_bytes=2**27, threads=1) as database,
    ):
        database.single(ENDLESS)


def test_what_the_database_cannot_do_is_told_with_the_place_it_works_in(tmp_path):
    with (
        pytest.raises(JoinFailed, match=f"cannot be joined in {tmp_path.parent}"),
        opened_database(tmp_path, memory_bytes=2**27, threads=1) as database,
    ):
        database.count("nothing")


def test_another_error_in_the_block_stays_what_it_is(tmp_path):
    with (
        pytest.raises(RuntimeError, match="something else"),
        opened_database(tmp_path, memory_bytes=2**27, threads=1),
    ):
        raise RuntimeError("something else")
