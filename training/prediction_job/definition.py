"""The job file: what a job is called, what it watches, which model it asks, how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from training.definition.strict import STRICT, examples
from training.prediction_job.contradictions import contradictions
from training.prediction_job.documents import read_document
from training.prediction_job.errors import JobRefused
from training.prediction_job.mapping import FieldMapping, default_mapping, read_mapping

ACTIVATED = "Activated"


class StreamDefinition(BaseModel):
    """One object and the CSVs it is filled from."""

    model_config = STRICT

    source: str = Field(examples=["s3://my-bucket/product_metrics/"])
    """A prefix in S3, a folder, or how the files' names begin."""
    label: str = Field(default="", examples=["product_metrics"])
    """What people call it."""
    category: Literal["Profile"] = "Profile"
    """As in Data 360."""
    primary_key: Literal["acct_id"] = "acct_id"
    """The column that says whose row it is."""
    record_modified: Literal["last_updated"] = "last_updated"
    """The column that says how new a row is; where a file has none, the file's own time counts."""
    mode: Literal["Upsert"] = "Upsert"
    """A newer row replaces an older one of the same account, whole."""


class ModelDefinition(BaseModel):
    """The model a job asks."""

    model_config = STRICT

    name: str = Field(examples=["CSS Mini"])
    """What people call it."""
    status: Literal["Draft", "Activated", "Disabled"] = Field(examples=[ACTIVATED])
    """A job may use an Activated model only."""
    url: str = Field(examples=["http://127.0.0.1:8000/default/invocations"])
    """Where the gateway takes invocations."""
    auth_header: str = Field(default="x-api-key", examples=["x-api-key"])
    """The header that carries the key."""
    key_file: str | None = Field(default=None, examples=["job.key"])
    """A file that holds the key and nothing else."""
    key_env: str | None = Field(default=None, examples=["SCORECARD_JOB_KEY"])
    """The environment variable that holds the key."""


class BatchDefinition(BaseModel):
    """How accounts are put into requests."""

    model_config = STRICT

    rows: int = Field(default=1000, ge=1, le=20_000, examples=[1000])
    """The most accounts in a request."""
    bytes: int = Field(default=4_000_000, ge=1000, le=6_291_456, examples=[4_000_000])
    """The largest request."""
    in_flight: int = Field(default=2, ge=1, le=16, examples=[2])
    """Requests on their way at the same time."""


class RetryDefinition(BaseModel):
    """How long a batch is tried."""

    model_config = STRICT

    budget_s: float = Field(default=300, ge=0, le=86_400, examples=[300])
    """Seconds after which a run gives up on a batch."""
    first_pause_s: float = Field(default=0.5, ge=0.01, le=60, examples=[0.5])
    """About how long the first pause is; each is twice the one before."""
    longest_pause_s: float = Field(default=30, ge=0.01, le=3600, examples=[30])
    """The longest pause, unless the server asks for a longer one."""
    timeout_s: float = Field(default=35, ge=0.1, le=600, examples=[35])
    """Seconds the gateway has to answer."""


class JobDefinition(BaseModel):
    """The whole file."""

    model_config = STRICT | ConfigDict(title="Prediction job")

    format: Literal["prediction-job/v1"] = Field(alias="schema", examples=["prediction-job/v1"])
    """The version of this grammar."""
    name: str = Field(examples=["css_mini_scores"])
    """What the job and its table of results are called."""
    state: str = Field(examples=["css_mini_scores.sqlite"])
    """The SQLite file with all the job knows."""
    mapping: str | None = Field(default=None, examples=["css_mini_mapping.yaml"])
    """The mapping file; left out, the one that comes with the program."""
    update: Literal["Streaming"] = "Streaming"
    """Any changed input of an account has it scored again."""
    every_minutes: float = Field(default=5, gt=0, le=10_080, examples=[5])
    """How often the sources are looked at."""
    streams: dict[
        str,
        Annotated[
            StreamDefinition,
            BeforeValidator(lambda entry: {"source": entry} if isinstance(entry, str) else entry),
        ],
    ] = Field(examples=[{"AccountMini": "data/sample/peer_dims"}])
    """Where the rows of each object are."""
    model: ModelDefinition = Field(examples=[{"name": "CSS Mini", "status": ACTIVATED}])
    """Who scores."""
    batch: BatchDefinition = Field(default=BatchDefinition(), examples=[{"rows": 1000}])
    """How accounts are put into requests."""
    retry: RetryDefinition = Field(default=RetryDefinition(), examples=[{"budget_s": 300}])
    """How long a batch is tried."""


@dataclass(frozen=True)
class Job:
    """A job as its two files say it; relative paths are relative to the job file."""

    definition: JobDefinition
    mapping: FieldMapping
    folder: Path

    @property
    def name(self) -> str:
        """The name of the job and of its table of results."""
        return self.definition.name

    @property
    def history(self) -> str:
        """The name of the table with every result there ever was."""
        return f"{self.name}_history"

    @property
    def state(self) -> Path:
        """The SQLite file."""
        return self.folder / self.definition.state

    def key(self, environ: Mapping[str, str]) -> str:
        """Give the key for the gateway.

        Raises
        ------
        OSError
            If its file cannot be read.
        JobRefused
            If there is none, or it cannot stand in a header.
        """
        model = self.definition.model
        if model.key_file is not None:
            # Bytes that are no text become what no header can hold, and are refused below.
            read = (self.folder / model.key_file).read_text(encoding="utf-8", errors="replace")
            key = read.strip()
            where = f"the file {model.key_file}"
        else:
            key = environ.get(str(model.key_env), "").strip()
            where = f"the environment variable {model.key_env}"
        if not key:
            raise JobRefused(f"{where} holds no key for {model.name}")
        if not key.isascii() or not key.isprintable():
            raise JobRefused(f"what {where} holds is no key: it must be one line of plain text")
        return key

    def check_activated(self) -> None:
        """Raise JobRefused unless the model is Activated."""
        model = self.definition.model
        if model.status != ACTIVATED:
            raise JobRefused(
                f"the model {model.name} is {model.status}; a job may use an Activated model "
                "only. Set model.status to Activated once it is ready"
            )


def read_job(path: Path) -> Job:
    """Read and check a job file and its mapping.

    Raises
    ------
    OSError
        If one cannot be read.
    InvalidJob
        Naming every mistake of the file, one line each: "FILE:LINE: path.to.key: what is wrong".
    """
    definition = read_document(path, JobDefinition, contradictions, _fields_at)
    folder = path.resolve().parent
    named = definition.mapping
    mapping = read_mapping(default_mapping() if named is None else folder / named)
    return Job(definition, mapping, folder)


_PARTS: dict[str | int, type[BaseModel]] = {
    "model": ModelDefinition,
    "batch": BatchDefinition,
    "retry": RetryDefinition,
    "streams": StreamDefinition,
}


def _fields_at(path: tuple[str | int, ...]) -> Mapping[str, Any]:
    return examples(_PARTS.get(path[0], JobDefinition) if path else JobDefinition)
