"""Worker processes: the order of results, errors where their turn is, nothing left behind."""

import subprocess
import sys

import pytest

from training.bulk.milestones import milestones
from training.bulk.processes import worker_processes

# In a process of its own: what comes back from a worker is unpickled, which no test's process does.
PROGRAM = """
import math, multiprocessing, os, sys
from training.bulk.processes import WorkerDied, worker_processes

def tasks():
    yield from (4, 9, 16, 25)
    raise ValueError("the fifth cannot be read")

def say(found):
    print(found, flush=True)

if __name__ == "__main__":
    if sys.argv[1] == "order":
        with worker_processes(2) as (_, in_order):
            say(list(in_order(math.factorial, [2000, 1, 1500, 3])) == [
                math.factorial(number) for number in [2000, 1, 1500, 3]])
    elif sys.argv[1] == "error":
        try:
            with worker_processes(2) as (_, in_order):
                for root in in_order(math.sqrt, tasks()):
                    say(root)
        except ValueError as error:
            say(error)
    elif sys.argv[1] == "own error":
        try:
            with worker_processes(2) as (_, in_order):
                for root in in_order(math.sqrt, [4, -1, 9]):
                    say(root)
        except ValueError as error:
            say(error)
    elif sys.argv[1] == "large results":
        for _ in range(12):
            try:
                with worker_processes(2) as (_, in_order):
                    for result in in_order(os.urandom, [30_000_000] * 6):
                        raise KeyboardInterrupt
            except KeyboardInterrupt:
                pass
        say("ended")
    elif sys.argv[1] == "death":
        try:
            with worker_processes(2) as (_, in_order):
                list(in_order(os._exit, [7]))
        except WorkerDied as error:
            say(error)
    say(multiprocessing.active_children())
"""


@pytest.fixture
def program(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)

    def run(case):
        done = subprocess.run(
            [sys.executable, tmp_path / "program.py", case],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        assert done.stderr == ""
        return done.stdout.splitlines()

    return run


def test_results_come_in_the_order_of_their_tasks(program):
    assert program("order") == ["True", "[]"]


def test_an_error_in_taking_tasks_comes_after_the_results_before_it(program):
    assert program("error") == ["2.0", "3.0", "4.0", "5.0", "the fifth cannot be read", "[]"]


def test_an_error_of_a_task_is_raised_and_the_others_are_ended(program):
    said = program("own error")

    assert said[0] == "2.0"
    assert said[1].startswith(("math domain", "expected a nonneg"))
    assert said[-1] == "[]"


@pytest.mark.slow
def test_an_interrupt_while_large_results_are_sent_ends_all(program):
    assert program("large results") == ["ended", "[]"]


def test_a_worker_that_dies_is_an_error_that_says_so(program):
    assert program("death") == [
        "a worker process was ended before its work was done; if the machine has run out of "
        "memory, take fewer jobs",
        "[]",
    ]


def test_one_job_is_done_in_this_process_and_takes_tasks_one_by_one():
    taken = []

    def tasks():
        for number in range(3):
            taken.append(number)
            yield number

    with worker_processes(1) as (_, in_order):
        results = in_order(str, tasks())
        assert next(results) == "0"
        assert taken == [0]


@pytest.mark.parametrize(("total", "told"), [(3, 3), (20, 20), (1000, 20), (0, 31)])
def test_progress_is_told_now_and_then(total, told):
    said = []
    step = milestones(lambda name, of: said.append((name, of)), total)

    for number in range(total or 1000):
        step(str(number))

    assert len(said) == told
    assert {of for _, of in said} == {min(total, 20)}
    if total:
        assert said[-1][0] == str(total - 1)
