import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_files import Arrays, pack, unpack, with_array, with_value
from builders import INF, NAN, make_dated_tree, make_parts, make_scorer, make_tables, make_tree
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.scoring import ArtifactCorrupt, ArtifactError, load_scorer
from serving.scoring.artifact import TABLES
from serving.scoring.scorecard import scorecard_from_dict
from serving.scoring.stored_peers import read_peers

CARD = scorecard_from_dict(make_tree())
HONEST = make_tables(CARD).to_npz()


@pytest.mark.parametrize(
    "tree",
    [make_tree(), make_dated_tree(), make_tree(peer_dimensions=[])],
    ids=["numbers and a category", "a date", "no peers"],
)
def test_tables_are_read_as_they_were_written(tree: dict[str, Any]) -> None:
    card = scorecard_from_dict(tree)
    tables = make_tables(card)

    read = read_peers(tables.to_npz(), card)

    assert read.to_npz() == tables.to_npz()
    assert read.nodes == tables.nodes == len(read.effective_peers)
    assert [axis.input for axis in read.axes] == list(card.peer_dimensions)
    for name, table in tables.metrics.items():
        assert read.metrics[name].cdf.tobytes() == table.cdf.tobytes()
        assert (read.metrics[name].lower, read.metrics[name].upper) == (table.lower, table.upper)


def test_the_same_tables_are_the_same_bytes() -> None:
    tables = make_tables(CARD)
    turned = replace(tables, metrics=dict(reversed(tables.metrics.items())))

    assert turned.to_npz() == HONEST


def test_in_format_1_every_metric_has_the_accounts_peers() -> None:
    arrays = {name: array for name, array in unpack(HONEST).items() if "/peers" not in name}

    read = read_peers(pack(arrays), CARD, version=1)

    for table in read.metrics.values():
        assert table.peers.tobytes() == read.effective_peers.tobytes()
    with pytest.raises(ArtifactCorrupt, match="lacks metrics/bots/peers"):
        read_peers(pack(arrays), CARD)
    with pytest.raises(ArtifactCorrupt, match="unknown arrays"):
        read_peers(HONEST, CARD, version=1)


BAD_ARRAYS: list[tuple[Callable[[Arrays], Any], str, str]] = [
    *((lambda arrays, name=name: arrays.pop(name), f"lacks {name}", "an array is missing")
      for name in unpack(HONEST)),
    (lambda arrays: arrays.update(extra=np.ones(1)), "unknown arrays: ['extra']", "one too many"),
    (lambda arrays: arrays.update({"../evil": np.ones(1)}), "unknown arrays", "a strange name"),
    (with_array("effective_peers", lambda a: a[:-1]), "effective_peers is", "a node too few"),
    (with_array("effective_peers", lambda a: a[:, None]), "effective_peers is", "a table"),
    (with_array("effective_peers", lambda a: a.astype("f4")), "is float32", "short floats"),
    (with_array("effective_peers", lambda a: a.astype(">f8")), "is >f8", "the other byte order"),
    (with_value("effective_peers", 0, -1), "effective_peers is out of", "fewer than nobody"),
    (with_value("effective_peers", 0, INF), "effective_peers is out of", "more than everybody"),
    (with_value("effective_peers", 0, NAN), "effective_peers holds NaN", "how many?"),
    (with_array("metrics/bots/peers", lambda a: a[:-1]), "metrics/bots/peers is", "too few"),
    (with_array("metrics/bots/peers", lambda a: a.astype("i8")), "peers is int64", "whole ones"),
    (with_value("metrics/bots/peers", 0, -1), "metrics/bots/peers is out of", "fewer than nobody"),
    (with_value("metrics/bots/peers", 0, INF), "metrics/bots/peers is out of", "endless"),
    (with_value("metrics/bots/peers", 0, NAN), "peers holds NaN", "how many?"),
    (with_array("axes/age/nodes", lambda a: a[:0]), "axes/age/nodes", "no nodes"),
    (with_array("axes/age/nodes", lambda a: a[::-1]), "axes/age/nodes", "nodes that descend"),
    (with_value("axes/age/nodes", 0, -0.1), "axes/age/nodes", "a rank below 0"),
    (with_value("axes/age/nodes", -1, 1.1), "axes/age/nodes", "a rank above 1"),
    (with_value("axes/age/nodes", 1, NAN), "axes/age/nodes holds NaN", "no rank"),
    (with_array("axes/age/nodes", lambda a: a[:-1]), "effective_peers is", "a node less"),
    (with_array("axes/age/values", lambda a: a[::-1]), "axes/age is", "values that descend"),
    (with_array("axes/age/values", lambda a: a[:-1]), "axes/age/ranks is", "one value too few"),
    (with_value("axes/age/values", -1, INF), "axes/age is", "an endless value"),
    (with_value("axes/age/values", -1, 1e308), "axes/age is", "a span that is no number"),
    (with_value("axes/age/values", 0, NAN), "holds NaN", "no value"),
    (with_array("axes/age/ranks", lambda a: a[::-1]), "axes/age is", "ranks that descend"),
    (with_value("axes/age/ranks", -1, 1.5), "axes/age is", "a rank above 1"),
    (with_value("axes/age/ranks", 0, -0.5), "axes/age is", "a rank below 0"),
    (lambda a: a.update({"axes/age/values": np.empty(0), "axes/age/ranks": np.empty(0)}),
     "axes/age is", "no points"),
    (with_array("metrics/bots/values", lambda a: a[::-1]), "metrics/bots is", "they descend"),
    (with_array("metrics/bots/values", lambda a: a.astype("i8")), "is int64", "integers"),
    (with_array("metrics/bots/values", lambda a: a.astype("U8")), "is <U8", "text"),
    (with_array("metrics/bots/values", lambda a: a.astype("c16")), "is complex128", "not real"),
    (with_array("metrics/bots/values", lambda a: a > 0), "is bool", "yes and no"),
    (with_value("metrics/bots/ranks", 2, 0.1), "metrics/bots is", "they descend once"),
    (with_value("metrics/bots/knots", 0, 0.01), "metrics/bots/knots", "not from 0"),
    (with_value("metrics/bots/knots", -1, 0.99), "metrics/bots/knots", "not to 1"),
    (with_value("metrics/bots/knots", 2, 0.05), "metrics/bots/knots", "two knots at one place"),
    (with_value("metrics/bots/knots", 2, 0.01), "metrics/bots/knots", "knots that descend"),
    (with_value("metrics/bots/knots", 2, NAN), "holds NaN", "no knot"),
    (lambda a: a.update({"metrics/bots/knots": np.array([0.0]),
                         "metrics/bots/cdf": np.zeros((60, 1), np.uint16)}),
     "metrics/bots/knots", "one knot"),
    (with_array("metrics/bots/cdf", lambda a: a[:, :-1]), "metrics/bots/cdf is", "a knot less"),
    (with_array("metrics/bots/cdf", lambda a: a[:-1]), "metrics/bots/cdf is", "a node less"),
    (with_array("metrics/bots/cdf", lambda a: a.T), "metrics/bots/cdf is", "turned"),
    (with_array("metrics/bots/cdf", lambda a: a.reshape(-1)), "metrics/bots/cdf is", "flat"),
    (with_array("metrics/bots/cdf", lambda a: a.astype("i4")), "is int32", "signed"),
    (with_array("metrics/bots/cdf", lambda a: a.astype("u4")), "is uint32", "wide"),
    (with_array("metrics/bots/cdf", lambda a: a.astype("f8")), "is float64", "floats"),
    (with_value("metrics/bots/cdf", (7, 3), 65535), "metrics/bots/cdf", "it descends in one row"),
    (with_value("metrics/bots/cdf", (7, 0), 1), "metrics/bots/cdf", "it starts above 0"),
    (with_value("metrics/bots/cdf", (7, -1), 65534), "metrics/bots/cdf", "it ends below 1"),
    (with_array("metrics/bots/bounds", lambda a: a[::-1]), "metrics/bots/bounds", "upside down"),
    (with_array("metrics/bots/bounds", lambda a: a * 0 if a[0] else [1.0, 1.0]),
     "metrics/bots/bounds", "one value is all there is"),
    (with_array("metrics/bots/bounds", lambda a: a[:1]), "metrics/bots/bounds is", "only one"),
    (with_value("metrics/bots/bounds", 0, NAN), "holds NaN", "no bound"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message", "why"), BAD_ARRAYS)
def test_tables_that_could_score_wrongly_are_refused(
    change: Callable[[Arrays], Any], message: str, why: str
) -> None:
    arrays = unpack(HONEST)
    change(arrays)

    with pytest.raises(ArtifactCorrupt) as caught:
        read_peers(pack(arrays), CARD)

    assert message in str(caught.value), why


@pytest.mark.parametrize("order", ["C", "F"])
def test_how_a_table_lies_in_the_file_is_no_matter(order: Any) -> None:
    arrays = unpack(HONEST)
    arrays["metrics/bots/cdf"] = np.asarray(arrays["metrics/bots/cdf"], order=order)

    assert read_peers(pack(arrays), CARD).to_npz() == HONEST


class Bomb:
    """Runs when it is unpickled: leaves a file behind."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return (Path.touch, (self.marker,))


def test_a_pickle_in_the_tables_is_refused_and_not_run(tmp_path: Path) -> None:
    arrays = unpack(HONEST)
    arrays["metrics/bots/values"] = np.array([Bomb(tmp_path / "ran")] * 5, dtype=object)
    parts = make_parts().with_file(TABLES, pack(arrays, allow_pickle=True))

    with pytest.raises(ArtifactCorrupt, match="Object arrays cannot be loaded"):
        load_scorer(parts.write(tmp_path / "model"))

    assert not (tmp_path / "ran").exists()


def zip_of(entries: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as packed:
        for name, data in entries:
            packed.writestr(name, data)
    return stream.getvalue()


def npy(array: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def npy_claiming(shape: str) -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


def as_members(data: bytes) -> list[tuple[str, bytes]]:
    return [(f"{name}.npy", npy(array)) for name, array in unpack(data).items()]


def encrypted(data: bytes) -> bytes:
    """Set the flag that says so in the first entry."""
    start = data.index(b"PK\x01\x02") + 8
    return data[:6] + b"\x01" + data[7:start] + b"\x01" + data[start + 1 :]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "nothing"),
        (b"PK\x03\x04", "the start of a zip"),
        (HONEST[:-30], "cut"),
        (HONEST[: len(HONEST) // 2], "cut in half"),
        (npy(np.ones(3)), "an array, not several"),
        (b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00}\x94.", "a pickle"),
        (zip_of([("effective_peers.npy", b"not an array")]), "a file that is no array"),
        (zip_of([("effective_peers.npy", b"")]), "an empty file"),
        (zip_of([("effective_peers.npy", npy_claiming("(10000000000000,)"))]), "all memory"),
        (zip_of([("effective_peers.npy", npy_claiming("(2**70,)"))]), "a shape that computes"),
        (zip_of([("effective_peers.npy", npy_claiming("(9999999999999999999999,)"))]), "no size"),
        (zip_of([("effective_peers.npy", npy_claiming("(-1,)"))]), "less than nothing"),
        (zip_of([("effective_peers.npy", npy_claiming("'many'"))]), "no shape"),
        (zip_of(as_members(HONEST), zipfile.ZIP_DEFLATED), "compressed: could unpack to anything"),
        (zip_of(as_members(HONEST), zipfile.ZIP_BZIP2), "compressed"),
        (zip_of([*as_members(HONEST), ("effective_peers", b"")]), "one array under two names"),
        (encrypted(HONEST), "encrypted"),
    ],
)
def test_bytes_that_are_no_tables_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(ArtifactCorrupt) as caught:
        read_peers(data, CARD)

    assert "peer_tables.npz cannot be read" in str(caught.value), why


def test_an_array_that_stands_twice_is_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zip_of([*as_members(HONEST), as_members(HONEST)[0]])

    with pytest.raises(ArtifactCorrupt, match="an array stands twice"):
        read_peers(data, CARD)


def test_entries_that_share_their_bytes_are_refused() -> None:
    # The directory of the zip lists one large entry fifty times under other names.
    data = zip_of([("a00", npy(np.zeros(10_000)))])
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    listed = b"".join(data[start:end].replace(b"a00", b"a%02d" % n) for n in range(50))
    tail = bytearray(data[end:])
    tail[8:12] = (50).to_bytes(2, "little") * 2
    tail[12:16] = len(listed).to_bytes(4, "little")

    with pytest.raises(ArtifactCorrupt, match="cannot be read"):
        read_peers(data[:start] + listed + bytes(tail), CARD)


@settings(max_examples=300, deadline=None)
@given(
    where=st.floats(0, 1, exclude_max=True),
    byte=st.integers(1, 255),
    length=st.integers(1, 8),
    tail=st.booleans(),
)
def test_whatever_the_bytes_are_only_an_artifact_error_comes_out(
    where: float, byte: int, length: int, tail: bool
) -> None:
    # Half of the tries go to the zip's own directory, which lies at the end.
    first = int(len(HONEST) * (0.85 + where * 0.15 if tail else where))
    data = bytearray(HONEST)
    for place in range(first, min(first + length, len(data))):
        data[place] ^= byte

    try:
        tables = read_peers(bytes(data), CARD)
    except ArtifactError:
        return

    scorer = make_scorer(tables=tables)
    assert not np.isinf(scorer.score(np.zeros((1, 6))).values).any()
