"""What is served can be seen: ranks, rows, and what the inputs look like."""

from textwrap import dedent

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from serving.inference.scoring_metrics import TENTHS, _bin, _Counts
from tests.web.metric_master import run_script, samples

#: A server of the small artifact; what a function does in a worker is exposed by the next.
SERVER = """
import os, sys
import numpy as np
from serving.inference.ranges import Seen, TrainingRanges
from serving.inference.worker_metrics import WorkerMetrics
from serving.scoring import load_scorer
from serving.web import metrics

metrics.prepare_metrics()
scorer = load_scorer('tests/data/artifacts/format-1.tar.gz')
ranges = TrainingRanges(scorer)

def fork(work):
    if os.fork() == 0:
        work()
        sys.exit(0)
    os.wait()
    metrics.worker_ended()

def scrape():
    print(metrics.exposition()[0].decode(), flush=True)

def start():
    kept = WorkerMetrics()
    kept.serve(scorer.artifact.version, scorer.scorecard.id)
    return kept.of(scorer)

def serve(kept, accounts, bad_rows=0):
    kept.observe(ranges.watch(accounts), scorer.score(accounts).ranks, bad_rows)
"""


def samples_of(script):
    """What a server exposes: name and labels → value."""
    return samples(run_script(SERVER + dedent(script)))


def test_rows_inputs_and_ranks_of_requests_are_counted_over_workers():
    found = samples_of(
        """
        nan = np.nan
        # age, bots, rate, region; ages range to 99.9, rates to 1.
        accounts = np.array([
            [30, 2, 0.5, 0], [500, nan, 0.5, 1], [nan, 0, 0.6, nan],
            [20, 3, 7.0, 0], [20, 3, 8.0, 0], [20, 3, nan, 0], [20, 3, 0.5, 0], [-5, 3, 0.5, 0],
        ])
        fork(lambda: serve(start(), accounts[:3], bad_rows=2))
        fork(lambda: serve(start(), accounts))
        fork(scrape)
        """
    )

    assert found["scorecard_rows_total",] == 11
    assert found["scorecard_bad_rows_total",] == 2

    def of_inputs(what):
        names = ("age", "bots", "rate", "region")
        return [found[f"scorecard_input_{what}_total", ("input", name)] for name in names]

    assert of_inputs("values") == [9, 9, 10, 9]
    assert of_inputs("missing") == [2, 2, 1, 2]
    assert of_inputs("outside") == [3, 0, 2, 0]
    # Where the value is missing there is no rank.
    ranked = {
        name: found["scorecard_peer_rank_count", ("metric", name)] for name in ("bots", "rate")
    }
    assert ranked == {"bots": 9, "rate": 10}


def test_the_model_is_told_by_each_worker_that_lives():
    found = samples_of(
        """
        import time
        ready, told = os.pipe()
        def stay():
            serve(start(), np.empty((0, 4)))
            metrics.exposition()
            os.write(told, b'.')
            time.sleep(60)
        pids = []
        for _ in range(3):
            pids.append(os.fork())
            if not pids[-1]:
                stay()
            os.read(ready, 1)
        os.kill(pids[0], 9)
        os.waitpid(pids[0], 0)
        metrics.worker_ended()
        pid = os.fork()
        if not pid:
            scrape()
            sys.exit(0)
        os.waitpid(pid, 0)
        for other in pids[1:]:
            os.kill(other, 9)
            os.wait()
        """
    )

    (model,) = [key for key in found if key[0] == "scorecard_model_info"]
    assert found[model] == 2
    labels = dict(model[1:])
    assert labels["scorecard"] == "format-1"
    assert len(labels["version"]) == 32


def test_after_a_swap_the_new_model_is_told_and_the_last_requests_of_the_old_one_are_counted():
    found = samples_of(
        """
        def work():
            kept = WorkerMetrics()
            old, new = kept.of(scorer), kept.of(scorer)
            kept.serve('old', 'card')
            serve(old, np.array([[30, 2, 0.5, 0]]))
            metrics.exposition()
            kept.serve('new', 'card')
            kept.count('loaded')
            kept.count('refused')
            metrics.exposition()
            serve(old, np.array([[30, 2, 0.5, 0]]))
            serve(new, np.array([[30, 2, 0.5, 0]]))
            print(metrics.exposition()[0].decode(), flush=True)
        fork(work)
        """
    )

    def info(version):
        return found["scorecard_model_info", ("scorecard", "card"), ("version", version)]

    assert (info("old"), info("new")) == (0, 1)
    assert found["scorecard_rows_total",] == 3
    updates = [
        found["scorecard_model_updates_total", ("result", result)]
        for result in ("loaded", "refused", "failed")
    ]
    assert updates == [1, 1, 0]


def test_two_hundred_swaps_leave_nothing_to_write_behind():
    left = run_script(
        SERVER
        + dedent(
            """
            from serving.web.metric_board import flush
            kept = WorkerMetrics()
            for _ in range(200):
                serve(kept.of(scorer), np.array([[30, 2, 0.5, 0]]))
            flush()
            print(len(kept._due), flush=True)
            """
        )
    )

    assert left.strip() == "0"


def test_what_was_counted_last_is_written_when_a_worker_ends():
    found = samples_of(
        """
        def work():
            kept = start()
            for _ in range(1000):
                serve(kept, np.array([[30, 2, 0.5, 0]]))
        fork(work)
        fork(scrape)
        """
    )

    assert found["scorecard_rows_total",] == 1000
    assert found["scorecard_peer_rank_count", ("metric", "bots")] == 1000


def observed(ranks):
    """What prometheus-client makes of ranks, one by one: counts per bucket, and the sum."""
    registry = CollectorRegistry()
    histogram = Histogram("h", "h", registry=registry, buckets=TENTHS)
    for rank in ranks[~np.isnan(ranks)].tolist():
        histogram.observe(rank)
    ends = [f"{end}" for end in TENTHS] + ["+Inf"]
    up_to = [registry.get_sample_value("h_bucket", {"le": end}) for end in ends]
    return np.diff(up_to, prepend=0).tolist(), registry.get_sample_value("h_sum")


#: At the ends of buckets, a last bit beside them, anywhere, and none.
RANKS = st.one_of(
    st.sampled_from([0.0, *TENTHS, *np.nextafter(TENTHS, 0.0), *np.nextafter(TENTHS[:-1], 1.0)]),
    st.floats(0.0, 1.0),
    st.just(float("nan")),
)


@given(st.lists(st.tuples(RANKS, RANKS), min_size=1, max_size=40))
def test_ranks_fall_into_the_buckets_of_prometheus_one_by_one_and_many_at_once(rows):
    ranks = np.array(rows)
    one_by_one, at_once = _Counts(0, 2), _Counts(0, 2)

    one_by_one.add_each(rows)
    at_once.add_binned(*_bin(ranks))

    for counts in (one_by_one, at_once):
        for metric in range(2):
            bins, total = observed(ranks[:, metric])
            assert counts.bins[metric] == bins
            assert counts.totals[metric] == pytest.approx(total)


#: A server of a card of absolute metrics.
ABSOLUTE = """
sys.path.insert(0, 'tests/inference')
from absolute_models import make_scorer
from serving.inference.prediction import Manner, predict
from serving.inference.served_model import ServedModel
from serving.inference.wire.formats import JSON, JSON_LINES
import datetime as dt
scorer = make_scorer()

def serve_lines(kept, *lines):
    model = ServedModel(scorer, metrics=kept)
    body = b'\\n'.join(lines)
    moment = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    predict(model, body, JSON_LINES, JSON, Manner(keep_bad_rows=True), moment)
"""


def test_statuses_of_absolute_metrics_are_counted_without_the_rows_that_cannot_be_read():
    found = samples(
        run_script(
            SERVER
            + dedent(ABSOLUTE)
            + dedent(
                """
                def work():
                    kept = start()
                    serve_lines(
                        kept,
                        b'[200, true, true, "2026-02-01", "gold", 100]',
                        b'[0, true, false, "2026-02-01", "trial", 100]',
                        b'[200, "perhaps", true, "2026-02-01", "gold", 100]',
                        b'[200, null, true, null, "lead", 100]',
                    )
                    serve_lines(kept, *[b'[200, true, true, "2026-02-01", "gold", 100]'] * 40)
                fork(work)
                fork(scrape)
                """
            )
        )
    )

    def told(metric):
        labels = [dict(key[1:]) for key in found if key[0] == "scorecard_metric_statuses_total"]
        counts = {
            one["status"]: found[
                "scorecard_metric_statuses_total", ("metric", metric), ("status", one["status"])
            ]
            for one in labels
        }
        return {status: count for status, count in counts.items() if count}

    assert found["scorecard_rows_total",] == 43
    assert found["scorecard_bad_rows_total",] == 1
    assert told("activation") == {"ok": 42, "no_denominator": 1}
    assert told("plan") == {"ok": 41, "not_applicable": 1, "missing": 1}
    assert told("calls") == {"ok": 41, "not_applicable": 1, "missing": 1}
    assert told("monitoring") == {"ok": 42, "missing": 1}
    assert not [key for key in found if key[0].startswith("scorecard_peer_rank")]


def test_cards_of_peer_metrics_count_no_statuses():
    found = samples_of(
        """
        fork(lambda: serve(start(), np.array([[30, 2, 0.5, 0]])))
        fork(scrape)
        """
    )

    assert not [key for key in found if key[0] == "scorecard_metric_statuses_total"]
