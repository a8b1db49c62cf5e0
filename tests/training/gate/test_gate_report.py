import io
import json
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from serving.scoring.manifest import to_json
from tests.training.text_overlaps import overlaps
from training.gate import GateReport, Limits, Verdict, judge, movement_plot
from training.gate.plot import movement_figure
from training.gate.report import listed

GOOD, BAD = Verdict("calibration", True, "KS 0.01"), Verdict("not worse", False, "CRPS +9%")


def test_one_refusal_is_enough_and_all_are_told():
    report = GateReport((GOOD, BAD, BAD))

    assert not report.passed
    assert report.failed == (BAD, BAD)
    assert GateReport((GOOD,)).passed


@pytest.mark.parametrize(
    ("verdicts", "overrides", "word"),
    [
        ((GOOD,), {}, "passed"),
        ((GOOD,), {"largest_move": 9.0}, "overridden"),
        ((GOOD, BAD), {}, "refused"),
        ((GOOD, BAD), {"largest_move": 9.0}, "refused"),
    ],
)
def test_the_pointer_is_told_how_it_was_decided(verdicts, overrides, word):
    told = GateReport(verdicts, overrides, "a reason").to_dict()

    assert (told["verdict"], told["reason"]) == (word, "a reason")
    assert [verdict["text"] for verdict in told["verdicts"]] == [one.text for one in verdicts]


def test_what_the_pointer_is_told_stays_below_8_kb_whatever_happened():
    overrides = dict.fromkeys(Limits.__slots__, 0.123456789012345)
    longest = tuple(Verdict("no score comes or goes", False, "x" * 10_000) for _ in range(6))
    report = GateReport(longest, overrides, "🚀" * 500, {"sha256": "0" * 64, "accounts": 10**9})

    told = report.to_dict()

    assert len(to_json(told)) < 8 * 2**10
    assert all(verdict["text"].endswith("…") for verdict in told["verdicts"])


def test_the_table_has_a_line_per_verdict():
    lines = str(GateReport((GOOD, BAD, Verdict("moves", True, "give --data", judged=False))))

    assert lines.splitlines() == [
        "calibration  passed      KS 0.01",
        "not worse    REFUSED     CRPS +9%",
        "moves        not judged  give --data",
    ]


def test_long_lists_are_cut_and_counted():
    assert listed(["a", "b"]) == "a; b"
    assert listed([str(number) for number in range(8)]) == "0; 1; 2; 3; 4; 5; and 2 more"


def test_the_comparison_has_a_row_per_score_and_an_interval_per_metric(made):
    told = judge(made.retrained, made.champion, data=made.data, limits=Limits()).comparison

    frame = told.frame()
    assert list(frame["kind"]) == ["metric"] * 3 + ["component"] * 2 + ["global"]
    metrics, others = frame[frame["kind"] == "metric"], frame[frame["kind"] != "metric"]
    assert metrics["crps_ratio"].between(0.9, 1.1).all()
    assert (metrics["crps_ratio_low"] < metrics["crps_ratio"]).all()
    assert (metrics["crps_ratio_high"] > metrics["crps_ratio"]).all()
    assert others["crps_ratio"].isna().all()
    assert (frame["mean_move"] <= frame["largest_move"]).all()
    assert (frame["share_moving"] <= frame["share_changed"]).all()
    assert frame["share_changed"].between(0, 1).all()
    assert len(str(told).splitlines()) == 2 + len(frame)
    assert "of accounts that are not lowest, or highest, in both" in str(told)
    assert "nan" not in str(told)


def test_a_report_can_be_stored_as_it_is(made):
    report = judge(made.broken, made.champion, data=made.data, limits=Limits())

    assert json.loads(to_json(report.to_dict())) == report.to_dict()


def titles(figure):
    return [panel.get_title() for panel in figure.axes if panel.get_title()]


def without_moves_of(comparison, *keys):
    scores = {
        key: move._replace(changed=0.0, largest=0.0, mean=0.0, share=0.0) if key in keys else move
        for key, move in comparison.moves.scores.items()
    }
    return replace(comparison, moves=replace(comparison.moves, scores=scores))


def test_what_does_not_move_has_no_panel_and_all_others_have_one_axis(made):
    told = judge(made.broken, made.champion, data=made.data, limits=Limits()).comparison
    metric, other, *_ = told.metrics

    figure = movement_figure(without_moves_of(told, metric, "auto_component_score"))

    assert told.metrics[metric] not in titles(figure)
    assert told.metrics[other] in titles(figure)
    assert "component auto" not in titles(figure)
    assert "1 of 3 metrics do not move" in figure.get_suptitle()
    reaches = {panel.get_xlim() for panel in figure.axes if panel.get_xlabel() == "move"}
    assert len(reaches) == 1
    assert not overlaps(figure)


def test_a_component_whose_mean_moves_has_a_panel_though_no_metric_moves(made):
    told = judge(made.broken, made.champion, data=made.data, limits=Limits()).comparison

    figure = movement_figure(without_moves_of(told, *told.metrics))

    assert titles(figure)[0] == "global score, before and after"
    assert {title.split()[0] for title in titles(figure)[1:]} == {"component"}
    assert not overlaps(figure)


def test_the_plot_of_a_card_on_0_to_100_has_points_of_it(made):
    told = judge(made.broken, made.champion, data=made.data, limits=Limits()).comparison
    hundred = replace(told, moves=replace(told.moves, maximum=100.0))

    first, *others = [panel for panel in movement_figure(hundred).axes if panel.get_title()]

    assert first.get_xlim() == first.get_ylim() == (0, 100)
    assert {text.get_text().split(":")[0] for panel in others for text in panel.texts} == {
        "> 10 points"
    }
    reach = max(move.largest for move in told.moves.scores.values() if move.kind != "global")
    assert others[0].get_xlim()[1] == pytest.approx(10 * (reach + 0.5))


def test_the_plot_shows_the_global_score_and_what_moves(made):
    harmless, broken = (
        judge(path, made.champion, data=made.data, limits=Limits()).comparison
        for path in (made.retrained, made.broken)
    )

    pictures = [imread(io.BytesIO(movement_plot(told)), "png") for told in (harmless, broken)]

    assert pictures[0].std() > 0.01, "not blank"
    assert pictures[0].shape[:2] == (round(100 * (2 * 2.3 + 0.8)), 1200), "six panels in two rows"
    assert not np.array_equal(*pictures)
