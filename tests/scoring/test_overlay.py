"""Whole scores beside those of anonymous accounts of similar size: what is told, and what never."""

import json

import numpy as np
import pytest
from health_card import make_absolute_scorer, make_tree_of

from serving.scoring import InvalidInput, load_scorer
from serving.scoring.artifact import GOLDEN, build_manifest, write_artifact
from serving.scoring.errors import ArtifactCorrupt
from serving.scoring.golden import make_golden
from serving.scoring.manifest import to_json
from serving.scoring.overlay import STATUSES
from serving.scoring.scorecard import PeerOverlay
from serving.scoring.stored_arrays import StoredArrays, pack_arrays
from serving.scoring.stored_overlay import OVERLAY, read_overlay
from training.fit_overlay import fit_overlay, make_overlay

POINTS = {"usage": {"kind": "linear", "input": "points", "best": 100, "worst": 0}}


def make_scorer(overlay=None, *, dimensions=("size",), minimum=10, **changes):
    tree = make_tree_of(
        POINTS,
        peers={"dimensions": list(dimensions), "minimum_group": minimum},
        peer_dimensions=[{"name": name, "type": "number"} for name in dimensions],
        **changes,
    )
    return make_absolute_scorer(tree, overlay=overlay)


def fitted(accounts, **asked):
    """A scorer with the overlay of accounts, given as columns."""
    scorer = make_scorer(**asked)
    data = fit_overlay(scorer, scorer.encode(accounts))
    return make_scorer(read_overlay(data, scorer.scorecard), **asked)


def make_columns(rows, *, seed=0):
    """Larger accounts have higher scores, give or take ten points."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(4.0, 1.5, rows))
    ranks = size.argsort().argsort() / rows
    return {"size": size, "points": 20.0 + 60.0 * ranks + rng.uniform(-10.0, 10.0, rows)}


def compare(scorer, size, points):
    (why,) = scorer.explain(scorer.encode({"size": [size], "points": [points]}))
    return why.peers


def test_of_four_accounts_nothing_is_told():
    scorer = fitted(make_columns(4))

    told = compare(scorer, 50.0, 50.0)

    assert told.to_dict() == {"status": "suppressed", "minimum_group": 10} | dict.fromkeys(
        ["accounts", "sizes", "quartiles", "percentile", "percentile_low", "percentile_high"]
    )


def test_of_fifty_accounts_quartiles_the_own_percentile_its_interval_and_their_number_are_told():
    columns = make_columns(50)
    scorer = fitted(columns)

    size = float(np.sort(columns["size"])[18])
    middle = float(np.sort(columns["points"][np.argsort(columns["size"])][12:25])[6])

    told = compare(scorer, size, middle)

    # The second quarter, give or take one account.
    near = np.sort(columns["points"][np.argsort(columns["size"])][12:25])
    assert told.status == "compared"
    assert told.accounts in (12, 13)
    assert told.quartiles == pytest.approx(np.quantile(near, [0.25, 0.5, 0.75]), abs=8.0)
    assert told.percentile_low < told.percentile < told.percentile_high
    assert told.percentile == pytest.approx(0.5, abs=0.2)
    low, high = told.sizes["size"]
    assert low < size < high


def test_similar_size_decides_whom_an_account_is_compared_with():
    columns = make_columns(2000)
    scorer = fitted(columns)
    small, large = np.quantile(columns["size"], [0.1, 0.9])

    medians = [compare(scorer, float(size), 50.0).quartiles[1] for size in (small, large)]
    percentiles = [compare(scorer, float(size), 50.0).percentile for size in (small, large)]

    assert medians == pytest.approx([26.0, 74.0], abs=4.0)
    assert percentiles[0] > 0.95
    assert percentiles[1] < 0.05


def test_two_dimensions_count_both():
    rng = np.random.default_rng(3)
    size, age = rng.uniform(0.0, 1.0, (2, 3000))
    points = 100.0 * (size > 0.5) * (age > 0.5)
    scorer = fitted({"size": size, "age": age, "points": points}, dimensions=("size", "age"))
    asked = scorer.encode({"size": [0.9, 0.9, 0.1], "age": [0.9, 0.1, 0.9], "points": [50.0] * 3})

    medians = [why.peers.quartiles[1] for why in scorer.explain(asked)]

    assert medians == [100.0, 0.0, 0.0]


def test_the_comparison_changes_no_score():
    columns = make_columns(300)
    bare, scorer = make_absolute_scorer(make_tree_of(POINTS)), fitted(columns)

    alone = bare.score(bare.encode(columns)).values
    beside = scorer.score(scorer.encode(columns)).values

    assert alone.tobytes() == beside.tobytes()
    assert bare.explain(bare.encode({"points": [5.0]}))[0].peers is None


def test_without_a_size_or_a_score_what_is_not_known_is_not_told():
    scorer = fitted(make_columns(100))

    no_size, no_score = compare(scorer, np.nan, 50.0), compare(scorer, 50.0, np.nan)

    assert (no_size.status, no_size.quartiles) == ("size_not_known", None)
    assert (no_score.status, no_score.percentile) == ("compared", None)
    assert len(no_score.quartiles) == 3


def test_an_artifact_without_the_file_suppresses_the_comparison():
    assert compare(make_scorer(), 50.0, 50.0).status == "suppressed"


def test_accounts_that_lack_size_or_score_are_left_out_of_groups():
    columns = make_columns(60)
    columns["size"][:30] = np.nan
    columns["points"][30:55] = np.nan

    assert compare(fitted(columns), 50.0, 50.0).status == "suppressed"


def test_the_order_of_accounts_does_not_change_a_byte():
    columns, scorer = make_columns(400), make_scorer()
    accounts = scorer.encode(columns)

    assert fit_overlay(scorer, accounts) == fit_overlay(scorer, accounts[::-1])


@pytest.mark.parametrize("rows", [10, 13, 57, 1000])
def test_no_account_s_score_or_size_is_stored(rows):
    rng = np.random.default_rng(rows)
    size, points = rng.uniform(1.0, 1e4, rows), rng.uniform(0.0, 100.0, rows)
    overlay = make_overlay(PeerOverlay(("size",), 10), size[:, None], points, 100.0)

    stored = np.concatenate([overlay.scores.ravel(), overlay.thresholds])

    assert len(overlay.accounts) > 0
    assert not np.isin(stored, np.concatenate([points, size])).any()
    # What is said of the ends of a group is neither its lowest nor its highest.
    assert (overlay.scores[:, 0] > points.min() - 0.5).all()
    assert np.array_equal(overlay.scores, np.rint(overlay.scores))


def test_one_account_s_score_moves_what_is_stored_by_a_third_at_most():
    columns = make_columns(60)
    asked = PeerOverlay(("size",), 10)
    sizes, points = columns["size"][:, None], np.sort(columns["points"])
    other = points.copy()
    other[0] = 0.0

    before = make_overlay(asked, sizes, points, 100.0)
    after = make_overlay(asked, sizes, other, 100.0)

    moved = np.abs(before.scores - after.scores).max()
    assert 0.0 < moved <= points[0] / 3 + 1.0


def test_many_accounts_are_grouped_within_seconds_and_kilobytes():
    columns = make_columns(100_000, seed=5)
    scorer = make_scorer()

    data = fit_overlay(scorer, scorer.encode(columns))

    assert len(data) < 60_000


def test_the_plain_form_is_json_and_names_nobody():
    scorer = fitted(make_columns(60))

    plain = compare(scorer, 50.0, 50.0).to_dict()

    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["status"] in STATUSES
    assert not {"acct_id", "id", "ids", "names"} & plain.keys()


def test_a_card_that_does_not_ask_has_no_overlay():
    scorer = make_absolute_scorer(make_tree_of(POINTS))
    asking = make_scorer()
    data = fit_overlay(asking, asking.encode(make_columns(20)))

    with pytest.raises(InvalidInput, match="`peers`"):
        fit_overlay(scorer, scorer.encode({"points": [1.0]}))
    with pytest.raises(ArtifactCorrupt, match="`peers`"):
        read_overlay(data, scorer.scorecard)


def altered(key, change):
    scorer = make_scorer()
    data = fit_overlay(scorer, scorer.encode(make_columns(50)))
    stored = StoredArrays(data, "test")
    kinds = {"accounts": (np.int64, (None,)), "splits": (np.int64, (None, 2)),
             "thresholds": (np.float64, (None,))}  # fmt: skip
    arrays = {name: stored.take(name, *kinds.get(name, (np.float64, (None, None))))
              for name in list(stored.keys)}  # fmt: skip
    array = arrays[key].copy()
    arrays[key] = change(array)
    return pack_arrays(arrays), scorer.scorecard


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("accounts", lambda array: array * 0 + 9),
        ("accounts", lambda array: array.astype(float)),
        ("scores", lambda array: array + 100.0),
        ("scores", lambda array: array[:, ::-1]),
        ("scores", lambda array: array[:1]),
        ("scores", lambda array: array[:, :0]),
        ("scores", lambda array: array * np.nan),
        ("splits", lambda array: array + 1),
        ("splits", lambda array: array - 1),
        ("splits", lambda array: array[1:]),
        ("thresholds", lambda array: array * np.nan),
        ("lower", lambda array: array + 1e9),
        ("upper", lambda array: array * np.inf),
        ("thresholds", lambda array: array[:0]),
    ],
)
def test_an_altered_file_is_refused(key, change):
    data, scorecard = altered(key, change)

    with pytest.raises(ArtifactCorrupt, match=r"peer_overlay\.npz"):
        read_overlay(data, scorecard)


def test_an_unknown_array_is_refused():
    scorer = make_scorer()
    data, scorecard = altered("thresholds", lambda array: array)
    stored = StoredArrays(data, "test")
    assert read_overlay(data, scorecard).accounts.min() == 12
    extra = pack_arrays(
        {"accounts": stored.take("accounts", np.int64, (None,)), "ids": np.zeros(3)}
    )

    with pytest.raises(ArtifactCorrupt):
        read_overlay(extra, scorer.scorecard)


def test_it_travels_with_the_artifact(tmp_path):
    scorer = make_scorer()
    accounts = scorer.encode(make_columns(120))
    files = {
        GOLDEN: to_json(make_golden(scorer, accounts)),
        OVERLAY: fit_overlay(scorer, accounts),
    }
    write_artifact(tmp_path / "a", files, build_manifest(scorer.scorecard, files, {}))

    (why,) = load_scorer(tmp_path / "a").explain(accounts[:1])

    assert why.peers == fitted(make_columns(120)).explain(accounts[:1])[0].peers
    assert why.peers.status == "compared"
