"""Tables joined on the disk are those joined in memory: accounts, values, refusals, words."""

import gzip
import random
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joins import check_same, on_disk

from serving.scoring.column import Input
from tests.training.account_folders import AGE, BOTS, PEERS, RATE, USAGE, write
from tests.training.hostile_names import HOSTILE
from training.joining.database import JoinFailed
from training.joining.joined import joined_accounts
from training.joining.several_rows import chosen_rows
from training.reading.newest_rows import LeftOut
from training.reading.refusals import Refusals

REGION, SINCE, VIP = Input("region", "category"), Input("since", "date"), Input("vip", "boolean")

ACCOUNT = st.sampled_from(["A", "b", "é", "a,b", "D", "E", "F", ""])
CELL = st.sampled_from(["0.25", "-0.0", "0", "", "NaN", "oops", "1e300"])
MOMENT = st.sampled_from(["2024-01-01", "2024-01-02", "2024-01-03T04:05:06Z", "never"])
TEXT = st.sampled_from(["north", "", "nan", "two words", "日本"])
DAY = st.sampled_from(["2024-01-02", "", "0001-01-01", "9999-12-31T23:59:59.999999", "soon"])
TRUTH = st.sampled_from(["true", "0", "", "maybe"])

PEER_ROWS = st.lists(st.tuples(ACCOUNT, CELL, TEXT), min_size=1, max_size=8)
ROWS = st.lists(st.tuples(ACCOUNT, CELL, CELL, DAY, TRUTH, MOMENT), max_size=14)


def csv(header, rows):
    def cell(text):
        return f'"{text}"' if "," in text else text

    return "".join(f"{','.join(map(cell, row))}\n" for row in (header, *rows))


@settings(max_examples=25)
@given(peers=PEER_ROWS, usage=ROWS, update=ROWS, share=st.sampled_from([0.2, 1.0]))
def test_it_is_what_is_read_in_memory(tmp_path_factory, peers, usage, update, share):
    header = ("acct_id", "bots", "rate", "since", "vip", "last_updated")
    folder = write(
        tmp_path_factory.mktemp("messy"),
        peer_dims=csv(("acct_id", "age", "region"), peers),
        usage=csv(header, usage),
        usage_update=csv(header, update),
    )

    inputs = (BOTS, VIP, AGE, SINCE, REGION, RATE)
    check_same(folder, inputs, ["age", "region"], share)


@settings(max_examples=12)
@given(peers=st.lists(st.tuples(ACCOUNT, CELL, MOMENT), min_size=1, max_size=10),
       update=st.lists(st.tuples(ACCOUNT, CELL, MOMENT), max_size=6))  # fmt: skip
def test_peers_with_several_rows_stand_where_their_first_row_does(tmp_path_factory, peers, update):
    header = ("acct_id", "age", "last_updated")
    folder = write(
        tmp_path_factory.mktemp("peers"),
        peer_dims=csv(header, peers),
        peer_dims_update=csv(header, update),
        usage="acct_id,bots\nA,1\nA,1\nE,2\n",
    )

    check_same(folder, (AGE, BOTS), ["age"])


def test_every_account_may_have_several_rows(tmp_path):
    rows = [f"{account},{day},2024-01-{day:02}\n" for day in (3, 1, 2) for account in range(2000)]
    write(
        tmp_path,
        peer_dims="acct_id,age\n" + "".join(f"{account},1\n" for account in range(2000)),
        usage="acct_id,bots,last_updated\n" + "".join(rows),
    )

    frame, _ = check_same(tmp_path, (AGE, BOTS), ["age"])

    assert set(frame["bots"]) == {3.0}


@pytest.mark.parametrize("length", [1, 2, 3, 7, 100])
def test_rows_of_an_account_may_come_in_several_batches(tmp_path, length):
    rows = pd.DataFrame(
        {
            "acct_id": [account for account in "abcdef" for _ in range(5)],
            "place": range(30),
            "value_0": [1.0] * 30,
        }
    )
    table = pa.Table.from_pandas(rows, preserve_index=False)
    left_out, refusals = LeftOut(["x.csv"]), Refusals()

    found = pa.concat_tables(chosen_rows(table.to_batches(max_chunksize=length), left_out))

    assert found.column("acct_id").to_pylist() == list("abcdef")
    assert found.column("place").to_pylist() == [0, 5, 10, 15, 20, 25]
    assert list(left_out.tell(refusals)) == [
        "x.csv: 24 rows with nothing new, the same as another row"
    ]


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"usage": USAGE},
        {"peer_dims": "acct_id,age\n", "usage": USAGE},
        {"peer_dims": "acct_id,age\nA,x\n", "usage": USAGE},
        {"peer_dims": PEERS, "usage": ""},
        {"peer_dims": PEERS, "usage": "acct_id,bots,last_updated\n"},
        {"peer_dims": PEERS, "usage": "acct_id,bots,x\nA,1,\nA,2,\nB,3,\nB,3,?\nC,4,\nZ,1\n"},
        {"peer_dims": PEERS, "usage": USAGE, "usage_update": "acct_id,bots\nA,1\n"},
        {"peer_dims": PEERS, "usage": USAGE.replace("\n", "\r\n") + '"open,1,2024-01-01\r\n'},
        {"peer_dims": "\ufeff" + PEERS + "\n\n", "usage": USAGE},
        {"peer_dims": PEERS, "usage": USAGE, "more": USAGE},
    ],
)
def test_what_is_wrong_is_told_in_the_same_words(tmp_path, files):
    check_same(write(tmp_path, **files), (AGE, BOTS), ["age"])


def test_a_file_that_is_not_utf8_is_refused_where_it_would_be_in_memory(tmp_path):
    write(tmp_path, peer_dims=PEERS)
    (tmp_path / "usage.csv").write_bytes(b"acct_id,bots\nA,1\nB\xff,2\n")

    _, why = check_same(tmp_path, (AGE, BOTS), ["age"])

    assert "line 3: not UTF-8" in why


def test_compressed_files_and_parquet_are_read_too(tmp_path):
    (tmp_path / "peer_dims.csv.gz").write_bytes(gzip.compress(PEERS.encode()))
    pd.DataFrame({"acct_id": ["A", "Z"], "bots": [1.5, 2.0]}).to_parquet(tmp_path / "usage.parquet")

    frame, (refused, *_) = check_same(tmp_path, (AGE, BOTS), ["age"])

    assert frame["bots"].tolist()[1] == 1.5
    assert len(refused[0]) == 1


def test_no_column_s_name_can_break_a_statement(tmp_path):
    names = [name for name in HOSTILE if "\n" not in name]
    names += ["Select", "select", "acct_ID", "place", "moment", "value_1", '"; DROP']
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    write(
        tmp_path,
        peer_dims=PEERS,
        usage=f"acct_id,{','.join(quoted)}\nA,{','.join(map(str, range(len(names))))}\n",
    )

    frame, _ = check_same(tmp_path, [AGE, *map(Input, names)], ["age"])

    assert frame.iloc[1].tolist() == ["A", 2.0, *map(float, range(len(names)))]


def test_accounts_can_be_had_in_the_order_of_their_bytes(tmp_path):
    ids = ["b", "a", "é", "Z", "10", "9", "日本", "\U0001f600", "ﬀ"]
    write(tmp_path, peer_dims="acct_id,age\n" + "".join(f"{name},1\n" for name in ids))

    frame, _ = on_disk(
        tmp_path, (AGE,), peer_dimensions=["age"], order="acct_id", max_refused_share=0.0
    )

    assert frame["acct_id"].tolist() == sorted(ids, key=str.encode)


def test_many_accounts_keep_their_order_however_the_join_is_spilled(tmp_path):
    ids = [f"acct-{number:07}" for number in range(150_000)]
    random.Random(5).shuffle(ids)  # noqa: S311
    lines = [f"{name},{place}\n" for place, name in enumerate(ids)]
    write(tmp_path, peer_dims=f"acct_id,age\n{''.join(lines)}")
    random.Random(6).shuffle(lines)  # noqa: S311
    write(tmp_path, usage=f"acct_id,bots\n{''.join(lines)}")

    frame, _ = on_disk(tmp_path, (AGE, BOTS), peer_dimensions=["age"], memory_bytes=2**26)

    assert frame["acct_id"].tolist() == ids
    assert frame["age"].tolist() == list(range(len(ids)))
    assert (frame["bots"] == frame["age"]).all()


def test_what_is_written_on_the_way_is_gone_whatever_happens(tmp_path):
    scratch = tmp_path / "scratch"
    (tmp_path / "good").mkdir(parents=True)
    (tmp_path / "bad").mkdir()
    scratch.mkdir()
    write(tmp_path / "good", peer_dims=PEERS, usage=USAGE)
    write(tmp_path / "bad", peer_dims=PEERS, usage=USAGE.replace("10", "ten"))
    options = {"peer_dimensions": ["age"], "scratch": scratch}

    with joined_accounts(tmp_path / "good", (AGE, BOTS), **options) as joined:
        assert joined.path.parent.parent == scratch
    assert not list(scratch.iterdir())

    on_disk(tmp_path / "bad", (AGE, BOTS), **options)
    assert not list(scratch.iterdir())

    with (
        pytest.raises(KeyboardInterrupt),
        joined_accounts(tmp_path / "good", (AGE, BOTS), **options),
    ):
        raise KeyboardInterrupt
    assert not list(scratch.iterdir())


def test_a_memory_in_which_nothing_can_be_joined_is_an_error_that_says_so(tmp_path):
    lines = "".join(f"{number},1\n" for number in range(50_000))
    write(tmp_path, peer_dims=f"acct_id,age\n{lines}", usage=f"acct_id,bots\n{lines}")

    with (
        pytest.raises(JoinFailed, match="cannot be joined"),
        joined_accounts(tmp_path, (AGE, BOTS), peer_dimensions=["age"], memory_bytes=2**16),
    ):
        pass


@pytest.mark.parametrize("name", ["acct_id=7", "[a] b*?"])
def test_the_place_to_write_is_no_part_of_the_data(tmp_path, name):
    folder, scratch = tmp_path / "data", tmp_path / name
    folder.mkdir()
    scratch.mkdir()
    write(folder, peer_dims=PEERS, usage=USAGE)

    check_same(folder, (AGE, BOTS), ["age"], scratch=scratch)


def test_a_disk_that_is_full_is_named_with_what_to_do(tmp_path):
    peers = "acct_id,age\n" + "".join(f"A{account},1\n" for account in range(20_000))
    folder = write(tmp_path, peer_dims=peers)
    code = (
        "import pathlib, resource, signal, sys\n"
        "from serving.scoring.column import Input\n"
        "from training.joining.joined import joined_accounts\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "with joined_accounts(pathlib.Path(sys.argv[1]), [Input('age')], peer_dimensions=['age']):"
        " pass\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, folder], capture_output=True, text=True, check=False
    )

    assert "JoinFailed: the tables cannot be joined in" in done.stderr
    assert "set TMPDIR to a place with more room" in done.stderr
