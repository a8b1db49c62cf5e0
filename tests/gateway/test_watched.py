"""Files that change while several threads and processes live by them."""

import copy
import threading

import pytest

from serving.gateway.watched import PATIENCE_S, FileUnusable, Watched


class File:
    """A file, what it costs to read it, and a clock that a test turns."""

    def __init__(self, path):
        self.path = path
        self.now = 100.0
        self.reads = 0
        self.may_be_read = threading.Event()
        self.may_be_read.set()
        self.is_being_read = threading.Event()

    def write(self, text):
        # As all writers do: a file of its own, moved into place.
        scratch = self.path.with_name("scratch")
        scratch.write_text(text)
        scratch.replace(self.path)

    def read(self):
        self.reads += 1
        self.is_being_read.set()
        assert self.may_be_read.wait(10)
        text = self.path.read_bytes()
        if text == b"broken":
            raise FileUnusable("broken")
        return text.decode(), text

    def watched(self):
        return Watched("words", [self.path], self.read, bytes.decode, lambda: self.now)

    def watched_by_two(self):
        # As a fork does: each worker has what the master had, and they share one slot.
        watched = self.watched()
        return watched, copy.copy(watched)


@pytest.fixture
def file(tmp_path):
    file = File(tmp_path / "file")
    file.write("old")
    return file


def in_threads(count, ask):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask())) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, answers


def test_after_a_long_silence_nobody_is_given_what_was_read_before_it(file):
    watched = file.watched()
    file.write("new")
    file.now += PATIENCE_S
    file.may_be_read.clear()
    file.is_being_read.clear()

    threads, answers = in_threads(8, watched.now)
    assert file.is_being_read.wait(10)
    threads[-1].join(0.05)
    early = list(answers)
    file.may_be_read.set()
    for thread in threads:
        thread.join()

    assert early == []
    assert answers == ["new"] * 8
    assert file.reads == 2


def test_while_one_looks_in_time_the_others_wait_for_nobody(file):
    watched = file.watched()
    file.write("new")
    file.now += PATIENCE_S / 2
    file.may_be_read.clear()
    file.is_being_read.clear()

    (looking,), answers = in_threads(1, watched.now)
    assert file.is_being_read.wait(10)
    meanwhile = watched.now()
    file.may_be_read.set()
    looking.join()

    assert meanwhile == "old"
    assert answers == ["new"]


def test_what_one_has_read_those_made_before_it_have_too_once_the_file_is_broken(file):
    first, others = file.watched_by_two()
    file.write("new")
    file.now += PATIENCE_S
    assert first.now() == "new"
    file.write("broken")

    file.now += PATIENCE_S

    assert others.now() == "new"
    assert first.now() == "new"


def test_of_two_that_have_read_the_later_counts(file):
    first, other = file.watched_by_two()
    file.write("new")
    file.now += PATIENCE_S
    assert first.now() == "new"
    file.write("newer")
    file.now += PATIENCE_S
    assert other.now() == "newer"
    file.write("broken")

    file.now += PATIENCE_S

    assert (first.now(), other.now()) == ("newer", "newer")


def test_a_file_that_is_mended_counts_more_than_what_others_have_read(file):
    first, other = file.watched_by_two()
    file.write("new")
    file.now += PATIENCE_S
    assert first.now() == "new"
    file.write("broken")
    file.now += PATIENCE_S
    assert other.now() == "new"

    file.write("mended")
    file.now += PATIENCE_S

    assert other.now() == "mended"
