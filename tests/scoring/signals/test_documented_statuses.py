"""data/README.md names the statuses that each kind can have, all of them and no other."""

import re
from pathlib import Path

import numpy as np
import pytest
from signal_builders import NAN, SIGNALS, judge

from serving.scoring.signals import KINDS
from serving.scoring.signals.signal import Status

PAGE = (Path(__file__).parents[3] / "data" / "README.md").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_the_statuses_that_its_page_names(kind):
    (row,) = re.findall(rf"^\| `{kind}` \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)
    shapes = [signal for shape, signal in SIGNALS.items() if shape.split()[0] == kind]

    found = {Status(told) for signal in shapes for told in statuses(signal)} - {Status.OK}

    assert set(re.findall("`(.+?)`", row)) == {status.name.lower() for status in found}


def statuses(signal):
    """Give what many rows are told, with the model there is and without one."""
    rng = np.random.default_rng(11)
    rows = rng.choice([NAN, 0.0, 1.0, 2.0, 3.0], (2000, len(signal.inputs)))
    whole = np.ones((1, len(signal.inputs)))
    nothing = np.full((1, len(signal.inputs)), NAN)
    rows = np.concatenate([rows, whole, 0 * whole, nothing])
    return {*judge(signal, *rows).statuses, *signal.judge([*rows.T]).statuses}
