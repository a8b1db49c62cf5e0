"""Where SageMaker puts what a training job reads, and takes what it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: Another root than `/opt/ml`; SageMaker's own training toolkit calls it so too.
ROOT = "SAGEMAKER_BASE_DIR"
_CHANNEL = "SM_CHANNEL_"


@dataclass(frozen=True)
class Places:
    """Folders and files of a job; none of them need be there.

    Attributes
    ----------
    config : Path
        Holds `hyperparameters.json`, `inputdataconfig.json` and `resourceconfig.json`.
    data : Path
        Holds a folder per channel.
    channels : mapping of str to Path
        Channels that are elsewhere.
    model : Path
        Becomes `model.tar.gz`.
    output : Path
        Becomes `output.tar.gz`.
    failure : Path
        Its first 1,024 characters become the job's failure reason.
    checkpoints : Path
        Kept over restarts; only there if the job has a checkpoint configuration.
    """

    config: Path
    data: Path
    channels: Mapping[str, Path]
    model: Path
    output: Path
    failure: Path
    checkpoints: Path


def find_places(environ: Mapping[str, str]) -> Places:
    """Take SageMaker's places, or those that its toolkit's variables (`SM_*`) name instead."""
    root = Path(environ.get(ROOT) or "/opt/ml")

    def place(name: str, otherwise: Path) -> Path:
        return Path(environ.get(name) or otherwise)

    given = place("SM_INPUT_DIR", root / "input")
    output = place("SM_OUTPUT_DIR", root / "output")
    return Places(
        config=place("SM_INPUT_CONFIG_DIR", given / "config"),
        data=given / "data",
        channels={
            name.removeprefix(_CHANNEL).lower(): Path(path)
            for name, path in environ.items()
            if name.startswith(_CHANNEL) and path
        },
        model=place("SM_MODEL_DIR", root / "model"),
        output=place("SM_OUTPUT_DATA_DIR", output / "data"),
        failure=output / "failure",
        checkpoints=root / "checkpoints",
    )
