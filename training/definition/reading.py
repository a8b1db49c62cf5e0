"""From the text of a definition to a checked one, with all mistakes at once."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from serving.scoring.contradictions import Mistake, tree_mistakes
from serving.scoring.errors import InvalidInput, InvalidScorecard
from training.definition.examples import examples_at
from training.definition.kinds import thresholds_and_labels
from training.definition.mistakes import mistake_lines, weighing_mistakes
from training.definition.model import Definition
from training.definition.yaml_lines import MAX_BYTES, Document, UnreadableYaml, read_yaml

_CARD = "service_cloud_mini.yaml"


def read_definition(path: Path) -> Definition:
    """Read and check the file of a scorecard.

    Raises
    ------
    InvalidInput
        If the file cannot be read.
    InvalidScorecard
        Naming every mistake at once, one line each: "FILE:LINE: path.to.key: what is wrong".
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = os.strerror(error.errno or errno.EIO)
        raise InvalidInput(f"cannot read the scorecard {path}: {reason}") from error
    try:
        text = raw.decode("utf-8", errors="ignore" if len(raw) > MAX_BYTES else "strict")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidScorecard([f"{path}:{line}: scorecard: the text is not UTF-8"]) from error
    return parse_definition(text, source=str(path))


def parse_definition(text: str, *, source: str) -> Definition:
    """Check the text of a scorecard; `source` is what messages call it.

    Raises
    ------
    InvalidScorecard
        Naming every mistake at once, one line each: "SOURCE:LINE: path.to.key: what is wrong".
    """
    try:
        document = _with_keys_understood(read_yaml(text))
    except UnreadableYaml as error:
        raise InvalidScorecard([f"{source}:{error.line}: scorecard: {error.reason}"]) from error
    tree = document.value if isinstance(document.value, dict) else {}
    contradictions = [*tree_mistakes(tree), *weighing_mistakes(tree), *_no_peers(tree)]
    errors: list[ErrorDetails] = []
    definition: Definition | None = None
    try:
        definition = Definition.model_validate(document.value)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    mistakes = mistake_lines(source, document, errors, contradictions, examples_at)
    if mistakes or definition is None:
        raise InvalidScorecard(mistakes)
    return definition


def _no_peers(tree: Mapping[str, Any]) -> Iterator[Mistake]:
    """Find that nothing says whom to compare with; who means everybody has an estimator for it."""
    metrics = tree.get("metrics")
    bodies = metrics.values() if isinstance(metrics, Mapping) else ()
    compared = any(isinstance(body, Mapping) and body.get("kind") == "peer" for body in bodies)
    if compared and tree.get("peer_dimensions", []) == []:
        yield Mistake(("peer_dimensions",), "is empty; at least one is needed")


def _with_keys_understood(document: Document) -> Document:
    metrics = document.value.get("metrics") if isinstance(document.value, dict) else None
    if not isinstance(metrics, dict):
        return document
    numbers, labels = thresholds_and_labels(metrics)
    return document.with_number_keys(numbers).with_label_keys(labels)


def default_scorecard() -> Path:
    """Find the scorecard that comes with the program, installed or in a checkout."""
    here = Path(__file__).resolve().parent.parent
    installed = here / "scorecards" / _CARD
    return installed if installed.exists() else here.parent / "data" / "scorecards" / _CARD
