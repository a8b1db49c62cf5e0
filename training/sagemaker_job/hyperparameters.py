"""What a training job may set: one declaration that checks, documents and is tested."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from serving.scoring.errors import InvalidInput
from training.definition import EstimatorOptions

#: What SageMaker adds for itself begins so.
_NOT_OURS = ("_", "sagemaker_")


def _date(value: Any) -> Any:
    if isinstance(value, str):
        return dt.date.fromisoformat(value)
    raise ValueError("must be a date as 2026-11-22")


class Hyperparameters(BaseModel):
    """The hyperparameters of a job; made by `read_hyperparameters`."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )

    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    """Of what is drawn at random; the same data, scorecard and seed give the same model."""
    estimator: Literal["auto", "distribution_regression", "nearest_peers", "marginal"] = "auto"
    """How metrics are learned whose definition does not say; `auto` takes what predicts held-out accounts best."""  # noqa: E501 (a row of a table)
    jobs: int | None = Field(default=None, ge=1, le=1024)
    """Metrics fitted at once; not set: one per CPU. The model does not depend on it."""
    max_refused_share: float = Field(default=0.01, ge=0, le=1)
    """Largest share of rows that may be unusable before the job fails."""
    scoring_date: Annotated[dt.date, BeforeValidator(_date)] | None = None
    """Dates count as days before it; not set: the newest `last_updated`."""
    tables: Annotated[list[str], Field(min_length=1)] = [
        "peer_dims",
        "product_metrics",
        "usage_metrics",
    ]
    """Names of the tables in the channels; each may have newer rows in a table with `_update` added."""  # noqa: E501
    checkpoints: bool = True
    """Keep every fitted metric in `/opt/ml/checkpoints`, and begin with those that are there."""

    @property
    def estimator_options(self) -> EstimatorOptions | None:
        """What training takes; None where it is to choose."""
        return None if self.estimator == "auto" else EstimatorOptions(self.estimator)


def read_hyperparameters(given: Mapping[str, Any]) -> Hyperparameters:
    """Check what a job was given.

    Parameters
    ----------
    given : mapping
        Texts, as SageMaker sends them; names with a leading ``_`` or ``sagemaker_`` are its own.

    Raises
    ------
    InvalidInput
        Naming every mistake at once.
    """
    ours = {name: text for name, text in given.items() if not name.startswith(_NOT_OURS)}
    try:
        return Hyperparameters.model_validate({name: decode(text) for name, text in ours.items()})
    except ValidationError as error:
        mistakes = [_mistake(dict(item), ours) for item in error.errors(include_url=False)]
    raise InvalidInput("\n".join(mistakes))


def decode(value: Any) -> Any:
    """Read what was sent as text: JSON, or JSON within JSON; a text that is no JSON is itself.

    Examples
    --------
    >>> [decode(text) for text in ("5", "true", "[1,2]", '"abc"', "abc", "NaN")]
    [5, True, [1, 2], 'abc', 'abc', 'NaN']
    """
    if not isinstance(value, str):
        return value
    try:
        inner = json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return value
    return decode(inner) if isinstance(inner, str) else inner


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _mistake(error: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        known = ", ".join(Hyperparameters.model_fields)
        return f"hyperparameter {name} is not known; known are: {known}"
    return f"hyperparameter {name}: {error['msg']}, not {_shown(given[name])}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


_SHOWN_CHARACTERS = 60
