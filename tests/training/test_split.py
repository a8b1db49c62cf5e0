import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.split import SALT, SHARES, Split, split_accounts

IDS = [f"{number:011x}" for number in range(20_000)]


@pytest.mark.parametrize(
    ("account", "expected", "why"),
    [
        ("001", Split.FIT, "digits"),
        ("1", Split.FIT, "leading zeros count"),
        ("acct-1", Split.SELECT, "punctuation"),
        ("A", Split.FIT, "upper case"),
        ("a", Split.EVALUATE, "lower case is another account"),
        ("Z\xfcrich", Split.SELECT, "not ASCII"),
        ("Zu\u0308rich", Split.SELECT, "the same letters, written otherwise: another account"),
        ("\u6771\u4eac", Split.SELECT, "not Latin"),
        ("", Split.FIT, "the empty id is an id"),
        ("00000000000", Split.EVALUATE, "as Salesforce writes them"),
    ],
)
def test_an_account_has_the_same_split_on_every_machine(account, expected, why):
    assert split_accounts([account]).tolist() == [expected], why


@given(
    ids=st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True, min_size=1),
    seed=st.integers(0, 2**32),
)
def test_an_account_keeps_its_split_when_others_come_go_or_change_places(ids, seed):
    rng = np.random.default_rng(seed)
    kept = [ids[row] for row in rng.permutation(len(ids))[: rng.integers(1, len(ids) + 1)]]

    first = dict(zip(ids, split_accounts(ids), strict=True))
    second = dict(zip(kept, split_accounts(kept), strict=True))

    assert second == {account: first[account] for account in kept}


def test_the_splits_have_their_shares():
    split = split_accounts(IDS)

    measured = np.bincount(split, minlength=len(Split)) / len(IDS)

    noise = 4 * np.sqrt(np.array(SHARES) * (1 - np.array(SHARES)) / len(IDS))
    assert (np.abs(measured - SHARES) < noise).all(), measured
    assert sum(SHARES) == pytest.approx(1)


def test_another_salt_deals_again():
    first, second = split_accounts(IDS, salt=SALT), split_accounts(IDS, salt="another")

    # Two independent deals agree where both gave the same of the three.
    assert np.mean(first == second) == pytest.approx(sum(s * s for s in SHARES), abs=0.02)


def test_ids_that_look_alike_are_dealt_apart():
    """Ids often share a beginning and count up; a weak hash would deal them in runs."""
    split = split_accounts(IDS)

    assert np.mean(split[1:] == split[:-1]) == pytest.approx(sum(s * s for s in SHARES), abs=0.02)


def test_no_accounts_have_no_splits():
    split = split_accounts([])

    assert split.shape == (0,)
    assert split.dtype == np.int8
