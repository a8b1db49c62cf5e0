"""What SageMaker says of a job in its configuration files; none of them need be there.

SageMaker's local mode leaves out files and keys that the service writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.scoring.errors import InvalidInput
from training.sagemaker_job.places import Places

_PARAMETER = "SM_HP_"


@dataclass(frozen=True)
class Job:
    """A job as told.

    Attributes
    ----------
    hyperparameters : mapping
        As they came: SageMaker sends texts, its toolkit values.
    channels : mapping of str to mapping
        The configuration of every channel that is listed.
    host : str or None
        This host; None on a single one.
    hosts : tuple of str
        All of them; the first one trains.
    """

    hyperparameters: Mapping[str, Any]
    channels: Mapping[str, Mapping[str, Any]]
    host: str | None
    hosts: tuple[str, ...]

    @property
    def trains_here(self) -> bool:
        """Whether it is for this host to train: all hosts' models end in one archive."""
        return not self.hosts or self.host == self.hosts[0]


def read_job(places: Places, environ: Mapping[str, str]) -> Job:
    """Read the configuration files; `SM_HPS`, `SM_HP_*`, `SM_HOSTS`, `SM_CURRENT_HOST` go first.

    Raises
    ------
    InvalidInput
        Naming a file or variable that is not the JSON it should be.
    """
    resources = _read(places, "resourceconfig.json")
    hosts = _parsed(environ["SM_HOSTS"], "SM_HOSTS") if environ.get("SM_HOSTS") else None
    hosts = hosts or resources.get("hosts") or []
    if not isinstance(hosts, list) or not all(isinstance(name, str) for name in hosts):
        raise InvalidInput(f"hosts must be a list of names, not {hosts!r}")
    host = environ.get("SM_CURRENT_HOST") or resources.get("current_host")
    if hosts and host not in hosts:
        raise InvalidInput(f"this host, {host!r}, is none of the job's hosts: {', '.join(hosts)}")
    channels = _read(places, "inputdataconfig.json")
    return Job(
        hyperparameters=_hyperparameters(places, environ),
        channels={name: told if isinstance(told, dict) else {} for name, told in channels.items()},
        host=host,
        hosts=tuple(hosts),
    )


def _hyperparameters(places: Places, environ: Mapping[str, str]) -> dict[str, Any]:
    together = _object(environ.get("SM_HPS") or "{}", "SM_HPS")
    single = {
        name.removeprefix(_PARAMETER).lower(): value
        for name, value in environ.items()
        if name.startswith(_PARAMETER)
    }
    return {**_read(places, "hyperparameters.json"), **together, **single}


def _read(places: Places, name: str) -> dict[str, Any]:
    try:
        text = (places.config / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise InvalidInput(f"{name} is not UTF-8") from None
    return _object(text, name)


def _object(text: str, name: str) -> dict[str, Any]:
    value = _parsed(text, name)
    if not isinstance(value, dict):
        raise InvalidInput(f"{name} must hold a JSON object")
    return value


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{name} is not JSON: {error}") from None
