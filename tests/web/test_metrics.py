"""What processes count is one sum."""

import math
from itertools import pairwise

import pytest
from metric_master import requests_in, run, samples
from prometheus_client import CollectorRegistry, Histogram

from serving.web.binned_histogram import BinnedHistogram


def test_what_two_processes_counted_is_summed_by_a_third():
    text = run(
        """
        one = fork(lambda: count(served(), served()))
        other = fork(lambda: count(served()))
        wait(one)
        wait(other)
        scrape()
        """
    )

    assert requests_in(text) == 3
    found = samples(text)
    labels = ("le", "0.005"), ("route", "/invocations")
    assert found["scorecard_request_seconds_bucket", *labels] == 3
    assert found["scorecard_request_seconds_count", labels[1]] == 3
    assert found["scorecard_request_seconds_sum", labels[1]] == pytest.approx(0.009)


def test_what_a_killed_process_had_written_stays():
    text = run(
        """
        def work():
            count(served(), served())
            flush()
        kill(start(work))
        wait(fork(lambda: count(served())))
        scrape()
        """
    )

    assert requests_in(text) == 3


def test_what_a_living_process_counted_is_seen_within_a_second():
    text = run(
        """
        pid = start(lambda: count(served()))
        time.sleep(1)
        scrape()
        kill(pid)
        """
    )

    assert requests_in(text) == 1


def test_routes_and_reasons_that_are_none_of_ours_have_one_name():
    found = samples(
        run(
            """
            wait(fork(lambda: count(
                *(Record('id', route=None, status=404, refusal='not_found') for _ in range(3)),
                Record('id', route='/invocations', status=503, refusal='busy'),
                Record('id', route='/invocations', status=400, refusal='so to speak'),
            )))
            scrape()
            """
        )
    )

    assert found["scorecard_requests_total", ("route", "other"), ("status", "404")] == 3
    assert found["scorecard_refusals_total", ("reason", "not_found")] == 3
    assert found["scorecard_refusals_total", ("reason", "busy")] == 1
    assert found["scorecard_refusals_total", ("reason", "other")] == 1
    assert found["scorecard_refusals_total", ("reason", "too_large")] == 0  # there from the start


def test_threads_that_count_at_once_lose_nothing():
    text = run(
        """
        import threading
        def work():
            requests = metrics.RequestMetrics()
            def thread():
                for _ in range(2000):
                    requests.begin()
                    requests.observe(served(), 0.003)
                    requests.end()
            threads = [threading.Thread(target=thread) for _ in range(8)]
            for each in threads:
                each.start()
            while any(each.is_alive() for each in threads):
                flush()
        wait(fork(work))
        scrape()
        """
    )

    assert requests_in(text) == 16_000
    assert "\nscorecard_requests_in_progress 0.0\n" in text


def test_a_process_that_counts_nothing_does_not_import_prometheus_client():
    text = run("print('prometheus_client' in sys.modules, metrics.worker_ended())")

    assert text == "False None\n"


def test_the_exposition_is_prometheus_text():
    text = run("fork(lambda: (count(served()), print(metrics.exposition()[1]))); os.wait()")

    assert text.startswith("text/plain; version=")


BOUNDS = (0.1, 0.2, 0.3, 1.0)
VALUES = [0.0, 0.1, 0.1000001, 0.15, 0.2, 0.3, 0.30000000000000004, 0.9, 1.0, 7.0]


def test_counts_added_at_once_are_those_observed_one_by_one():
    registries = CollectorRegistry(), CollectorRegistry()
    one_by_one = Histogram("h", "h", registry=registries[0], buckets=BOUNDS)
    at_once = BinnedHistogram("h", "h", registry=registries[1], buckets=BOUNDS)

    for value in VALUES:
        one_by_one.observe(value)
    for half in (VALUES[:5], VALUES[5:]):
        buckets = pairwise((-math.inf, *BOUNDS, math.inf))
        counts = [sum(low < value <= high for value in half) for low, high in buckets]
        at_once.add(counts, sum(half))

    def values(registry):
        (family,) = registry.collect()
        named = [sample for sample in family.samples if not sample.name.endswith("_created")]
        return {(sample.name, *sample.labels.items()): sample.value for sample in named}

    assert values(registries[1]) == pytest.approx(values(registries[0]))


def test_durations_belong_to_the_bucket_that_ends_at_them():
    found = samples(
        run(
            """
            def work():
                requests = metrics.RequestMetrics()
                for seconds in (0.0005, 0.0006, 30.0, 31.0):
                    requests.observe(served(), seconds)
            wait(fork(work))
            scrape()
            """
        )
    )

    def up_to(end):
        return found["scorecard_request_seconds_bucket", ("le", end), ("route", "/invocations")]

    assert [up_to(end) for end in ("0.0005", "0.001", "10.0", "30.0", "+Inf")] == [1, 2, 2, 3, 4]
