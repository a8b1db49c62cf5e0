"""A store over a file finds in its row groups what the whole table in memory holds."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from array_store import ArrayStore

from serving.scoring.column import Input
from training.bulk.account_batches import column_array
from training.reduction.parquet_store import ParquetStore
from training.reduction.store import Encoding
from training.reduction.value_bins import CountBins
from training.reduction.value_counts import count_values
from training.split import Split, split_accounts, split_numbers

KINDS = {"acct_id": pa.string(), "use": pa.float64(), "region": pa.string()}
ENCODING = Encoding({"use": Input("use")}, None)


def make_frame(accounts):
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "acct_id": [f"é{number:04}" for number in range(accounts)],
            "use": np.where(rng.random(accounts) < 0.3, np.nan, rng.normal(size=accounts)),
            "region": pd.Series(rng.choice(["b", "a", "é"], accounts), dtype="str"),
        }
    )


def write_file(folder, frame, group):
    path = folder / "accounts.parquet"
    table = pa.table({name: column_array(frame[name], kind) for name, kind in KINDS.items()})
    pq.write_table(table, path, row_group_size=group)
    return path


@pytest.fixture(params=[7, 100, 2000])
def stored(tmp_path, request):
    """A thousand accounts in 143 row groups, in ten, in one; and the store."""
    frame = make_frame(1000)
    return frame, ParquetStore(write_file(tmp_path, frame, request.param), map)


def test_accounts_are_dealt_as_in_memory(stored):
    frame, store = stored

    expected = np.bincount(split_accounts(frame["acct_id"]), minlength=len(Split))

    assert store.split_counts.tolist() == expected.tolist()


def test_a_pass_looks_at_every_account_that_fits_or_selects_and_at_no_other(stored):
    frame, store = stored
    arrays = ArrayStore({"use": frame["use"]}, split_numbers(frame["acct_id"]))

    found, expected = (count_values(each, ENCODING, ["use"])["use"] for each in (store, arrays))

    for ours, theirs in zip(found, expected, strict=True):
        assert ours.tobytes() == theirs.tobytes()
    known = frame["use"][split_accounts(frame["acct_id"]) < Split.EVALUATE]
    assert found.total == known.notna().sum()


def test_several_threads_may_ask_at_once(stored):
    _, store = stored
    counting = CountBins({"use": None}, 0, 8)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: store.reduce(counting, ENCODING), range(8)))

    for answer in answers[1:]:
        assert answer.keys() == answers[0].keys()
        assert all(answer[name].tobytes() == answers[0][name].tobytes() for name in answer)


@pytest.mark.parametrize("number", [0.0, 0.8, 0.95, 1.0])
def test_accounts_by_their_number_are_those_in_memory(stored, number):
    frame, store = stored

    found = store.at_least(number)

    expected = frame[split_numbers(frame["acct_id"]) >= number].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_an_account_with_the_very_number_is_among_those_with_it_or_a_higher_one(stored):
    frame, store = stored
    numbers = split_numbers(frame["acct_id"])

    assert len(store.at_least(numbers.max())) == 1


def test_chunks_are_the_column_in_the_order_of_the_file(stored):
    frame, store = stored

    texts = [text for chunk in store.chunks("region") for text in chunk.to_pylist()]

    assert texts == frame["region"].tolist()


def test_categories_are_those_of_accounts_that_fit_or_select(tmp_path):
    frame = make_frame(300)
    split = split_accounts(frame["acct_id"])
    frame["region"] = np.where(split == Split.EVALUATE, "kept out", frame["region"])
    frame.loc[5:20, "region"] = None
    frame["region"] = frame["region"].astype("str")
    store = ParquetStore(write_file(tmp_path, frame, 7), map)

    assert store.categories("region", 200) == ["a", "b", "é"]
    assert store.categories("region", 3) == ["a", "b", "é"]
    assert len(store.categories("region", 2)) == 3, "one more than asked for: too many"


def test_tasks_are_some_row_groups_each_and_all_of_them_together(tmp_path):
    """However many row groups there are, few of their sums are in memory at once."""
    tasks = []

    def in_order(function, given):
        for task in given:
            tasks.append(task)
            yield function(task)

    store = ParquetStore(write_file(tmp_path, make_frame(1000), 7), in_order)
    del tasks[:]
    store.reduce(CountBins({"use": None}, 0, 8), ENCODING)

    assert [group for task in tasks for group in task.groups] == list(range(143))
    assert max(len(task.groups) for task in tasks) <= 16
