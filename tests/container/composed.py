"""What deploy/compose.yaml says, and the same for podman."""

from typing import Any

import yaml

from tests.container.building import ROOT

TEXT = (ROOT / "deploy" / "compose.yaml").read_text()
#: Merge keys are resolved.
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]


def confinement(service: str) -> list[str]:
    """Give the options with which podman confines a container as compose does a service."""
    told = SERVICES[service]
    return [
        f"--user={told['user']}",
        f"--memory={told['mem_limit']}",
        *(["--read-only"] if told["read_only"] else []),
        *(f"--tmpfs={place}" for place in told["tmpfs"]),
        *(f"--cap-drop={name.lower()}" for name in told["cap_drop"]),
        *(f"--security-opt={option.removesuffix(':true')}" for option in told["security_opt"]),
    ]
