"""Where the notebooks are, and what stands in them."""

from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def code_of(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Give the cells that are run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]
