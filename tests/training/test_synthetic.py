"""The synthetic accounts' truth is checked, not claimed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from training.errors import DataError
from training.synthetic import FILES, METRICS, sample_accounts, write_sample

COMMITTED = Path(__file__).parents[2] / "data" / "sample"
NAMES = [f"{stem}.csv" for stem in FILES]

#: Values that carry mass of their own; every other metric has none.
ZERO = {"bots": [0.0], "ltnflows": [0.0]}
COUNTS = dict.fromkeys(("email2case", "macro", "web2case", "workflowrules"), np.arange(8.0))
ATOMS = {**ZERO, **COUNTS, "utilization_rate": [1.0]}


@pytest.fixture(scope="module")
def accounts() -> pd.DataFrame:
    """20,000 complete accounts, one row each, indexed by acct_id."""
    frames = sample_accounts(20_000, seed=7, missing_share=0)
    indexed = [frame.set_index("acct_id") for frame in frames.values()]
    return pd.concat([f.drop(columns="last_updated", errors="ignore") for f in indexed], axis=1)


def pit(accounts: pd.DataFrame, metric: str) -> np.ndarray:
    """Randomised probability integral transform: uniform if the cdf is the true one."""
    shape, (y, age, size) = METRICS[metric], accounts[[metric, "acct_age", "acct_size"]].values.T
    below, at = shape.cdf_below(y, age, size), shape.cdf(y, age, size)
    return below + np.random.default_rng(1).random(len(y)) * (at - below)


@pytest.mark.parametrize("metric", METRICS)
def test_the_true_ranks_are_uniform_among_all_accounts_and_in_every_quadrant(
    accounts: pd.DataFrame, metric: str
) -> None:
    old = accounts["acct_age"] > accounts["acct_age"].median()
    large = accounts["acct_size"] > accounts["acct_size"].median()
    ranks = pit(accounts, metric)

    everyone = np.ones(len(accounts), dtype=bool)
    cells = [everyone, old & large, old & ~large, ~old & large, ~old & ~large]
    p_values = [stats.kstest(ranks[cell], "uniform").pvalue for cell in cells]

    assert min(p_values) > 1e-3, p_values


@pytest.mark.parametrize("metric", METRICS)
def test_a_wrong_age_or_size_is_noticed_by_the_same_check(
    accounts: pd.DataFrame, metric: str
) -> None:
    """Were the check blind, or a metric independent of its peers, the test above would be idle."""
    shuffled = accounts.copy()
    order = np.random.default_rng(2).permutation(len(accounts))
    shuffled[["acct_age", "acct_size"]] = accounts[["acct_age", "acct_size"]].values[order]
    old = (shuffled["acct_age"] > 60).to_numpy()
    large = (shuffled["acct_size"] > 45).to_numpy()
    ranks = pit(shuffled, metric)

    p_values = [stats.kstest(ranks[old & big], "uniform").pvalue for big in (large, ~large)]

    assert min(p_values) < 1e-3


@pytest.mark.parametrize("metric", METRICS)
def test_the_cdf_rises_from_0_to_1_and_jumps_at_atoms_only(metric: str) -> None:
    grid = np.unique(np.concatenate([np.linspace(-1, 12, 2601), [1e6]]))
    is_atom = np.isin(grid, ATOMS.get(metric, [])) | ((metric in COUNTS) & (grid % 1 == 0))
    for age, size in [(0, 1), (2.9, 30), (3, 30), (60, 199), (60, 200), (180, 20_000)]:
        at = METRICS[metric].cdf(grid, age, size)
        below = METRICS[metric].cdf_below(grid, age, size)

        assert at[0] == 0
        assert at[-1] == pytest.approx(1)
        assert np.all(np.diff(at) >= 0)
        assert np.all(at[:-1] <= below[1:])
        assert np.all(below <= at)
        np.testing.assert_array_equal(at[~is_atom], below[~is_atom])


@pytest.mark.parametrize(("metric", "atom"), [(m, a) for m, atoms in ATOMS.items() for a in atoms])
def test_every_atom_has_the_mass_that_the_cdf_states(
    accounts: pd.DataFrame, metric: str, atom: float
) -> None:
    shape, age, size = METRICS[metric], accounts["acct_age"], accounts["acct_size"]
    stated = shape.cdf(atom, age, size) - shape.cdf_below(atom, age, size)
    noise = np.sqrt(np.sum(stated * (1 - stated))) / len(accounts)

    share = (accounts[metric] == atom).mean()

    assert stated.mean() > 0.001
    assert share == pytest.approx(stated.mean(), abs=4 * noise)


@pytest.mark.parametrize("metric", sorted(set(METRICS) - set(ATOMS)))
def test_cutting_digits_makes_no_ties_worth_mentioning(accounts: pd.DataFrame, metric: str) -> None:
    assert accounts[metric].value_counts().iloc[0] <= 5


def test_all_values_are_within_their_range(accounts: pd.DataFrame) -> None:
    for metric in METRICS:
        assert accounts[metric].min() >= 0
    for share in ("engagement_rate", "utilization_rate", "lightning_utilization"):
        assert accounts[share].max() <= 1
    assert accounts["engagement_rate"].between(0, 1, inclusive="neither").all()
    assert accounts["activation_rate"].max() > 1
    assert accounts["penetration_rate"].max() > 1
    for count in COUNTS:
        assert (accounts[count] % 1 == 0).all()
    assert accounts["workflowrules"].max() == 12
    assert accounts["acct_age"].between(0, 180).all()
    assert accounts["acct_size"].between(1, 20_000).all()
    assert (accounts["acct_size"] % 1 == 0).all()


@pytest.mark.parametrize(
    ("metric", "before", "after", "further"),
    [
        pytest.param("quicktext", (2.9, 30), (3.0, 30), (3.1, 30), id="onboarding ends"),
        pytest.param("workflows", (60, 199), (60, 200), (60, 201), id="another edition"),
    ],
)
def test_a_step_is_a_step(
    metric: str,
    before: tuple[float, float],
    after: tuple[float, float],
    further: tuple[float, float],
) -> None:
    grid = np.linspace(0.1, 5, 50)
    cdfs = [METRICS[metric].cdf(grid, *where) for where in (before, after, further)]

    assert np.abs(cdfs[1] - cdfs[0]).max() > 0.3
    assert np.abs(cdfs[2] - cdfs[1]).max() < 0.01


def test_the_effect_of_age_on_engagement_reverses_with_size() -> None:
    share_below_half = [
        METRICS["engagement_rate"].cdf(0.5, age, size)[0] for size in (3, 3000) for age in (6, 120)
    ]
    small_young, small_old, large_young, large_old = share_below_half

    assert small_old > small_young + 0.1
    assert large_old < large_young - 0.1


def test_lightning_utilization_has_two_humps() -> None:
    density = np.diff(METRICS["lightning_utilization"].cdf(np.linspace(0, 1, 21), 60, 45))
    low, valley, high = density[:6].max(), density[6:11].min(), density[11:].max()

    assert valley < 0.5 * min(low, high)


def test_accounts_that_are_old_and_tiny_or_young_and_huge_are_few(accounts: pd.DataFrame) -> None:
    age, size = accounts["acct_age"], accounts["acct_size"]
    for one, other in [(age > 120, size <= 10), (age < 12, size >= 500)]:
        corner = (one & other).mean()

        assert 0 < corner < 0.01
        assert corner < 0.25 * one.mean() * other.mean()
    assert (age < 3).mean() == pytest.approx(0.077, abs=0.01)


def test_nothing_known_gives_nothing() -> None:
    nan = float("nan")
    for shape in METRICS.values():
        for values, age, size in [(nan, 60, 45), (1, nan, 45), (1, 60, nan)]:
            assert np.isnan(shape.cdf(values, age, size)).all()
            assert np.isnan(shape.cdf_below(values, age, size)).all()


def test_the_stated_shares_are_missing_and_no_row_is_lost_elsewhere() -> None:
    frames = sample_accounts(50_000, seed=3)

    assert len(frames["peer_dims"]) == len(frames["product_metrics"]) == 50_000
    assert 1 - len(frames["usage_metrics"]) / 50_000 == pytest.approx(0.002, abs=0.001)
    for stem, metrics in FILES.items():
        for metric in metrics:
            assert frames[stem][metric].isna().mean() == pytest.approx(0.01, abs=0.003)
    peers = frames["peer_dims"].isna()
    assert (peers["acct_age"] | peers["acct_size"]).mean() == pytest.approx(0.005, abs=0.0015)
    assert peers["acct_age"].any()
    assert peers["acct_size"].any()


def test_ids_are_distinct_and_11_hexadecimal_characters() -> None:
    frames = sample_accounts(20_000, seed=5)
    ids = frames["peer_dims"]["acct_id"]

    assert ids.is_unique
    assert ids.str.fullmatch("[0-9a-f]{11}").all()
    assert set(frames["usage_metrics"]["acct_id"]) <= set(ids)
    assert set(frames["product_metrics"]["acct_id"]) == set(ids)


def test_the_files_have_the_real_layout_and_read_back_as_sampled(tmp_path: Path) -> None:
    write_sample(tmp_path, 3_000, seed=9)

    for stem, frame in sample_accounts(3_000, seed=9).items():
        path = tmp_path / f"{stem}.csv"
        read = pd.read_csv(path)
        pd.testing.assert_frame_equal(read, frame, check_exact=True, check_dtype=False)
        assert b"\r" not in path.read_bytes()
    assert read.columns.tolist() == ["acct_id", "acct_age", "acct_size"]
    dates = pd.read_csv(tmp_path / "usage_metrics.csv")["last_updated"]
    assert dates.str.fullmatch("2026-01-0[2-5]T00:00:00").all()
    assert dates.nunique() > 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in [("a", 4), ("b", 4), ("c", 5)]:
        write_sample(tmp_path / name, 500, seed)

    for name in NAMES:
        first, again, other = ((tmp_path / x / name).read_bytes() for x in "abc")
        assert first == again
        assert first != other


def test_the_committed_sample_is_what_its_command_writes(tmp_path: Path) -> None:
    write_sample(tmp_path, 5_000, seed=2026)

    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (COMMITTED / name).read_bytes()


def test_one_account_is_a_sample_too(tmp_path: Path) -> None:
    write_sample(tmp_path, 1, seed=0, missing_share=0)

    assert all(len((tmp_path / name).read_text().splitlines()) == 2 for name in NAMES)


@pytest.mark.parametrize(
    ("accounts", "missing_share"), [(0, 0.01), (-1, 0.01), (5, 1.1), (5, -0.1)]
)
def test_impossible_samples_are_refused(accounts: int, missing_share: float) -> None:
    with pytest.raises(DataError, match="must be"):
        sample_accounts(accounts, 0, missing_share=missing_share)


def test_the_data_card_lists_every_column_and_the_sample_s_zeros() -> None:
    card = (COMMITTED.parent / "README.md").read_text(encoding="utf-8")
    zeros = dict(
        re.findall(r"^\|[^|]*\| `(\w+)` \|.*\| ([0-9.]+) % \|[^|]*\|$", card, re.MULTILINE)
    )

    for name in NAMES:
        for column, cells in pd.read_csv(COMMITTED / name).items():
            assert f"| `{column}` |" in card or column == "acct_id"
            share = (cells.dropna() == 0).mean()
            assert float(zeros.get(column, 0)) == pytest.approx(100 * share, abs=0.051), column
