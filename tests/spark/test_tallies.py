"""What tasks counted adds up, however the rows were dealt to them."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from training.reading.refusals import Refusals
from training.spark.tallies import TASK_ENTRIES, RefusedRows, Tally

counts = st.integers(1, 9)
names = st.sampled_from(["a.csv", "b.csv"])
tallies = st.builds(
    Tally,
    rows=st.dictionaries(names, counts).map(Counter),
    refused=st.dictionaries(st.tuples(names, st.text(max_size=3)), counts).map(Counter),
    entries=st.lists(st.tuples(names, st.text(max_size=3), st.text(max_size=3)), max_size=3),
    left_out=st.dictionaries(st.tuples(*[st.integers(0, 2)] * 3), counts).map(Counter),
    absent=st.dictionaries(st.integers(0, 2), counts).map(Counter),
    accounts=counts,
    newest=st.none() | st.integers(-(2**62), 2**62),
    errors=st.lists(st.text(max_size=3), max_size=2, unique=True),
)


@given(tallies)
def test_a_tally_arrives_as_it_was_sent(tally):
    assert Tally.from_json(tally.to_json()) == tally


@given(st.lists(tallies, max_size=4), st.randoms())
def test_the_order_of_tasks_changes_nothing(parts, random):
    texts = []
    for order in (parts, random.sample(parts, len(parts))):
        total = Tally()
        for part in order:
            total.add(part)
        told = RefusedRows(total)
        texts.append((told.summary(), told.listed, told.total, total.left_out, total.newest))

    assert texts[0] == texts[1]


def test_a_task_lists_so_many_rows_and_counts_the_rest():
    refusals, tally = Refusals(), Tally()
    refusals.add_all("a.csv", range(TASK_ENTRIES + 1), "x is not a number: 'y'")

    tally.took(refusals, lambda line: f"row {line}")

    assert len(tally.entries) == TASK_ENTRIES
    assert RefusedRows(tally).summary() == (
        "a.csv: 1001 rows: x is not a number ('row 0', 'row 1', 'row 10', …)"
    )
