"""Checks a whole answer before anything of it is believed.

Nothing in an answer says which account a prediction is of, only its place. So one value too few
anywhere could shift the scores of all accounts behind it: such an answer is dropped whole.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jsonpath_ng import JSONPath

from training.prediction_job.errors import TryLater
from training.prediction_job.mapping import FieldMapping
from training.prediction_job.server_words import ServerWords

#: Beyond it whole numbers are no longer exact in a column of floats, and no score of ours.
_LARGEST = 2**53

Value = float | str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said of a batch.

    Attributes
    ----------
    rows : list of tuple
        For each account in the order of the batch, its outputs in the order of the mapping.
    version : str or None
        Which artifact scored; None if the answer did not say.
    """

    rows: list[tuple[Value, ...]]
    version: str | None


class AnswerReader:
    """Finds the outputs of a mapping in answers.

    Parameters
    ----------
    mapping : FieldMapping
    words : ServerWords, optional
        Makes what a server says instead fit for messages; left out, there is no key to hide.
    """

    def __init__(self, mapping: FieldMapping, words: ServerWords | None = None) -> None:
        self._words = words or ServerWords()
        self._types = {name: output.type for name, output in mapping.outputs.items()}
        self._paths: Mapping[str, JSONPath] = mapping.extractors()

    def read(self, body: bytes, accounts: int) -> list[tuple[Value, ...]]:
        """Give the outputs of each account.

        Raises
        ------
        TryLater
            If the answer is not wholly what it must be.
        """
        document = self._parsed(body)
        predictions = document.get("predictions")
        if not isinstance(predictions, list):
            raise TryLater(f"the answer holds no list of predictions: {self._shown(body)}")
        if len(predictions) != accounts:
            raise TryLater(
                f"the answer holds {len(predictions)} predictions for {accounts} accounts"
            )
        columns = [
            self._column(name, path, document, accounts) for name, path in self._paths.items()
        ]
        return list(zip(*columns, strict=True))

    def _column(
        self, name: str, path: JSONPath, document: dict[str, Any], accounts: int
    ) -> Sequence[Value]:
        values = [match.value for match in path.find(document)]
        if len(values) != accounts:
            raise TryLater(
                f"{name} is missing in {accounts - len(values)} of {accounts} predictions: "
                f"its path {path} finds {len(values)} values"
            )
        fits = _IS[self._types[name]]
        for row, value in enumerate(values):
            if not fits(value):
                kind = _kind(value)
                raise TryLater(f"prediction {row}: {name} is no {self._types[name]} but {kind}")
            if isinstance(value, str) and self._words.tell_key(value):
                raise TryLater(f"prediction {row}: {name} repeats the key; nothing of it is kept")
        return values

    def _parsed(self, body: bytes) -> dict[str, Any]:
        try:
            document = json.loads(body, parse_constant=_refuse, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            raise TryLater(f"the answer is not JSON: {self._shown(body)}") from None
        if not isinstance(document, dict):
            raise TryLater(f"the answer is no object: {self._shown(body)}")
        return document

    def _shown(self, body: bytes) -> str:
        # What begins as an answer may hold scores, which are not for logs.
        return f"{len(body)} bytes" if b"predictions" in body else self._words.shown(body)


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key stands twice")
    return read


def _is_number(value: object) -> bool:
    # A bool is an int to Python, and 1e400 is infinite.
    is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
    return value is None or is_whole or (isinstance(value, float) and math.isfinite(value))


def _is_text(value: object) -> bool:
    return value is None or (isinstance(value, str) and _is_unicode(value))


def _is_unicode(text: str) -> bool:
    # JSON can write half of a surrogate pair, and no file can hold it.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: object) -> str:
    broken = isinstance(value, str) and not _is_unicode(value)
    return "text with half a character" if broken else type(value).__name__


_IS = {"Number": _is_number, "Text": _is_text}
