"""Executes notebooks from clean kernels, in a copy of the folders they use."""

import asyncio
import base64
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat

from tests.notebooks.notebook_files import ROOT

#: What a notebook may take on a machine where others work.
TIMEOUT_S = 300
AT_ONCE = 2


def copy_of_what_they_use(folder: Path) -> Path:
    """Copy notebooks, data and deploy, so that nothing else changes meanwhile."""
    for name in ("notebooks", "data", "deploy"):
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    (folder / "scratch").mkdir()
    return folder


def execute(folder: Path, names: Iterable[str], mark: str) -> Mapping[str, nbformat.NotebookNode]:
    """Execute notebooks, two at once, and give them with what they put out.

    `mark` is in the environment of every process they start, as NOTEBOOKS_TEST.
    """
    environ = {
        **os.environ,
        "NOTEBOOKS_TEST": mark,
        "TMPDIR": str(folder / "scratch"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    async def all_of_them() -> list[nbformat.NotebookNode]:
        places = asyncio.Semaphore(AT_ONCE)
        paths = [folder / "notebooks" / f"{name}.ipynb" for name in names]
        return await asyncio.gather(*(_execute(path, environ, places) for path in paths))

    return dict(zip(names, asyncio.run(all_of_them()), strict=True))


async def _execute(
    path: Path, environ: Mapping[str, str], places: asyncio.Semaphore
) -> nbformat.NotebookNode:
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    # Sockets are files here, with short names: no port, and nobody else's.
    with tempfile.TemporaryDirectory() as sockets:
        manager = AsyncKernelManager(transport="ipc", ip=f"{sockets}/kernel")
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=TIMEOUT_S,
            startup_timeout=TIMEOUT_S,
            resources={"metadata": {"path": str(path.parent)}},
        )
        async with places:
            # What kernels remember of each other belongs to nobody here.
            own = {**environ, "IPYTHONDIR": f"{sockets}/ipython"}
            await client.async_execute(env=own, cleanup_kc=True)
    return notebook


def printed(notebook: nbformat.NotebookNode) -> str:
    """Give all that was printed or shown as text, without progress bars."""
    return "\n".join(
        output.text if output.output_type == "stream" else output.data.get("text/plain", "")
        for output in outputs(notebook)
        if output.get("name") != "stderr"
    )


def shown_as_html(notebook: nbformat.NotebookNode) -> str:
    """Give the tables."""
    return "\n".join(output.get("data", {}).get("text/html", "") for output in outputs(notebook))


def pictures(notebook: nbformat.NotebookNode) -> list[bytes]:
    """Give the figures, as PNG bytes, in their order."""
    return [
        base64.b64decode(output.data["image/png"])
        for output in outputs(notebook)
        if "image/png" in output.get("data", {})
    ]


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Give the outputs of all cells, in their order."""
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def processes(mark: str) -> list[str]:
    """Give the command lines of what runs and was started by an execution with this mark."""
    wanted, found = f"NOTEBOOKS_TEST={mark}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found
