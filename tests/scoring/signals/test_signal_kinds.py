"""The kinds stand in one table, one file each."""

import re
from pathlib import Path

import pytest
from signal_builders import SIGNALS

from serving.scoring import signals
from serving.scoring.signals import KINDS, Signal

FOLDER = Path(signals.__file__).parent
ROOT = FOLDER.parents[2]


def test_each_kind_is_one_file_of_its_name_and_each_such_file_is_in_the_table():
    with_a_kind = {
        path.stem for path in FOLDER.glob("*.py") if "kind: ClassVar[str] = " in path.read_text()
    }

    assert with_a_kind == set(KINDS)
    for name, kind in KINDS.items():
        assert kind.kind == name
        assert kind.__module__ == f"{signals.__name__}.{name}"
        assert issubclass(kind, Signal)


def test_the_kinds_are_those_of_the_definition():
    assert set(KINDS) == {
        "ratio",
        "growth",
        "indicator",
        "recency",
        "linear",
        "tier",
        "penalty",
        "learned_risk",
    }


def test_every_kind_is_tried_in_these_tests():
    assert {signal.kind for signal in SIGNALS.values()} == set(KINDS)


@pytest.mark.parametrize("folder", ["serving", "training"])
def test_no_other_module_lists_the_kinds(folder):
    words = re.compile("|".join(rf"[\"']{name}[\"']" for name in KINDS))
    elsewhere = {
        str(path.relative_to(ROOT)): {word.strip("\"'") for word in words.findall(path.read_text())}
        for path in (ROOT / folder).rglob("*.py")
        if path.parent != FOLDER
    }

    assert not {path: named for path, named in elsewhere.items() if len(named) >= len(KINDS) / 2}
