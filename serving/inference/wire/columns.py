"""The columns of a model, and where they stand among the names a caller sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serving.inference.wire.values import Reader, reader_of
from serving.scoring import Input, MissingColumns
from serving.web.problems import Problem

#: More columns than this are not looked through.
MAX_NAMES = 10_000


class Columns:
    """The inputs of one model. Built once per model; safe to share by threads.

    Attributes
    ----------
    inputs : tuple of Input
        In the order in which values without names are sent.
    names : tuple of str
    width : int
        How many there are.
    numbers_only : bool
        Whether all of them are numbers.
    least : ndarray of shape (n_inputs,), or None
        The minimum of each, -inf where it has none; None where no input has one.
    readers : tuple of Reader
        One per input: turn values on the wire into numbers.
    """

    def __init__(self, inputs: Sequence[Input]) -> None:
        self.inputs = tuple(inputs)
        self.names = tuple(column.name for column in self.inputs)
        self.width = len(self.inputs)
        self.numbers_only = all(column.type == "number" for column in self.inputs)
        self.least = _minima(self.inputs)
        self.readers: tuple[Reader, ...] = tuple(map(reader_of, self.inputs))
        self._exact = {name: position for position, name in enumerate(self.names)}
        # Where two names of the model itself fold to the same, only the exact ones tell them apart.
        alike = Counter(map(fold, self.names))
        self._folded = {
            folded: position
            for position, folded in enumerate(map(fold, self.names))
            if alike[folded] == 1
        }

    def find(self, name: str) -> int | None:
        """Give the position of the input that a caller means by a name; None for another name."""
        position = self._exact.get(name)
        return self._folded.get(fold(name)) if position is None else position

    def order(self, given: Sequence[str]) -> list[int]:
        """Find the inputs among names: exact ones, or alike but for case and a suffix ``__c``.

        Returns
        -------
        list of int
            For each input its position in `given`. Names beside those needed do not matter.

        Raises
        ------
        MissingColumns
            Naming every input that is not there.
        Problem
            400 naming the first two names that mean the same input; or if there are more than
            `MAX_NAMES`.
        """
        if len(given) > MAX_NAMES:
            raise Problem(400, f"there are {len(given)} columns; send the {self.width} that count")
        places: dict[int, int] = {}
        twice: tuple[int, int] | None = None
        for place, name in enumerate(given):
            column = self.find(name)
            if column is not None and places.setdefault(column, place) != place:
                twice = twice or (places[column], place)
        missing = [name for position, name in enumerate(self.names) if position not in places]
        if missing:
            raise MissingColumns(missing)
        if twice:
            first, second = given[twice[0]], given[twice[1]]
            both = f"{first} twice" if first == second else f"both {first} and {second}"
            raise Problem(400, f"there is {both}; send one column per input")
        return [places[position] for position in range(self.width)]


def _minima(inputs: Sequence[Input]) -> NDArray[np.float64] | None:
    if all(column.minimum is None for column in inputs):
        return None
    return np.array([-np.inf if one.minimum is None else one.minimum for one in inputs])


def fold(name: str) -> str:
    """Give what is compared of a name: Data 360 changes case and adds ``__c`` to its own fields."""
    return name.casefold().removesuffix("__c")
