"""Keys of doubles: whole numbers in their order, from which they come back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.reduction.value_bins import keys_of, values_of

FINITE = st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0)


@given(st.lists(FINITE, min_size=1))
def test_keys_are_in_the_order_of_the_values_and_give_them_back(listed):
    values = np.array(listed)

    keys = keys_of(values)

    assert values_of(keys).tobytes() == values.tobytes()
    assert (np.argsort(keys, kind="stable") == np.argsort(values, kind="stable")).all()
    assert ((keys[:, None] < keys) == (values[:, None] < values)).all()


@given(st.lists(FINITE, max_size=20), st.lists(FINITE, max_size=20))
def test_a_value_and_the_next_double_have_neighbouring_keys(some, others):
    values = np.array([*some, *others, 1.0, -1.0])
    values = values[(values != 0) & (np.abs(values) < np.finfo(float).max)]
    after = np.nextafter(values, np.inf)
    later = after != 0

    assert (keys_of(after[later]) - keys_of(values[later]) == 1).all()
