"""Counts outlive processes, and files do not multiply with them."""

from pathlib import Path

import pytest
from metric_master import requests_in, run

from serving.web import metric_slots, metrics
from serving.web.problems import Problem


def test_after_fifty_reloads_there_are_as_many_files_as_after_one_and_nothing_is_lost():
    text = run(
        """
        import prometheus_client  # Not in every worker anew.

        def work():
            count(served())
            flush()

        workers = [start(work), start(work)]
        for _ in range(50):
            # The old ones end when the new ones are there.
            old, workers = workers, [start(work), start(work)]
            for pid in old:
                kill(pid)
        for pid in workers:
            kill(pid)
        scrape()
        print('#', len(list(folder.glob('*.db'))))
        """
    )

    assert requests_in(text) == 102
    # Counters and histograms of four slots.
    assert text.splitlines()[-1] == "# 8"


def test_requests_at_hand_are_those_of_workers_that_live():
    text = run(
        """
        def begin():
            requests = metrics.RequestMetrics()
            for _ in range(3):
                requests.begin()
            requests.end()
            flush()
        one, other = start(begin), start(begin)
        scrape()
        kill(one)
        scrape()
        kill(other)
        scrape()
        """
    )

    first, second, third = text.split("# HELP scorecard_requests_in_progress")[1:]
    assert "\nscorecard_requests_in_progress 4.0\n" in first
    assert "\nscorecard_requests_in_progress 2.0\n" in second
    assert "\nscorecard_requests_in_progress 0.0\n" in third


def test_a_worker_that_takes_over_a_slot_does_not_take_over_its_gauges():
    text = run(
        """
        def begin():
            requests = metrics.RequestMetrics()
            requests.begin()
            flush()
        pid = start(begin)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)  # The master has not heard of it yet.
        # A worker that takes the slot, and counts nothing itself.
        wait(fork(lambda: print(metrics.exposition()[0].decode())))
        """
    )

    assert "scorecard_requests_in_progress" not in text


def test_the_folder_is_private_and_goes_with_the_master_not_with_a_worker():
    text = run(
        """
        print(oct(folder.stat().st_mode & 0o777), folder)
        wait(fork(lambda: count(served())))
        print(folder.is_dir())
        """
    )

    mode, folder, after_worker = text.split()
    assert (mode, after_worker) == ("0o700", "True")
    assert not Path(folder).exists()


def test_the_folder_of_a_server_that_was_killed_goes_when_another_starts():
    left = run("print(folder, flush=True); os._exit(0)").strip()
    assert Path(left).is_dir()

    run("")

    assert not Path(left).exists()


def test_the_folder_of_a_server_that_lives_stays_when_another_starts():
    found = run(
        """
        wait(fork(metrics.prepare_metrics))
        print(folder.is_dir(), len(list(folder.iterdir())))
        """
    )

    assert found == "True 1\n"


def test_where_there_is_no_room_serving_goes_on_and_it_is_said_once(monkeypatch, caplog):
    monkeypatch.setenv(metric_slots.FOLDER, "/of/another/server")
    monkeypatch.setattr(metric_slots, "_ROOM_BYTES", 2**80)

    assert metrics.prepare_metrics() is None

    (record,) = caplog.records
    assert record.getMessage() == "metrics are not kept"
    with pytest.raises(Problem) as refused:
        metrics.exposition()
    assert refused.value.status == 503


def test_a_worker_without_room_for_its_files_serves_and_the_others_are_counted():
    text = run(
        """
        wait(start_one := fork(lambda: count(served())))
        other = start(lambda: (count(served()), flush()))
        def without_room():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
            count(served())
            flush()
        kill(start(without_room))
        scrape()
        print('#', sorted(path.name for path in folder.glob('*.new')))
        kill(other)
        """
    )

    assert requests_in(text) == 2
    assert text.splitlines()[-1] == "# []"
