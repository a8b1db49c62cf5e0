"""The commands of deploy/AWS.md: its blocks, and a shell that runs them."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.infrastructure.tools import ROOT

RUNBOOK = ROOT / "deploy" / "AWS.md"


@dataclass(frozen=True)
class Block:
    """A block of shell lines.

    Attributes
    ----------
    section : str
        The heading it stands under.
    needs : str
        What it cannot do without: `docker`, `aws` for a real account, or `rolled-back` for a
        deployment that SageMaker has rolled back. Empty: it is run in its turn.
    """

    section: str
    needs: str
    text: str


def blocks(page: str) -> list[Block]:
    found = []
    for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        section = part.partition("\n")[0]
        for needs, text in re.findall(r"^```sh ?(.*?)\n(.*?)^```", part, re.DOTALL | re.MULTILINE):
            found.append(Block(section, needs, text))
    return found


def run(block: Block, folder: Path, environ: Mapping[str, str]) -> str:
    """Run a block as a person does in a shell, and give what it prints."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        check=False,
        cwd=folder,
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, f"{block.text}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
