"""What is committed of a notebook: words and code, no outputs, nothing of somebody's machine."""

import ast
import re

import nbformat
import pytest

from tests.notebooks.notebook_files import NOTEBOOKS, ROOT, code_of

MAX_CELLS = 40
#: What fits on a screen.
MAX_DEF_LINES = 30
MAX_CELL_LINES = 25
#: Where programs and people's files are on some machine; ours are relative.
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:home|root|Users|tmp|work|opt|usr|srv|mnt|var)/")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=nbformat.NO_CONVERT)


def test_there_are_five_in_the_order_in_which_they_are_read():
    assert [path.stem for path in NOTEBOOKS] == [
        "01_train_and_deploy",
        "02_one_metric_by_eye",
        "03_choose_and_trust_an_estimator",
        "04_retrain_compare_promote",
        "05_explain_an_account",
    ]


def test_a_notebook_is_valid(notebook):
    nbformat.validate(notebook)

    assert notebook.metadata.kernelspec.name == "python3"
    # More would be the machine's of whoever saved it last.
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert set(notebook.metadata.language_info) == {"name"}


def test_a_notebook_is_committed_without_what_it_put_out(notebook):
    for cell in code_of(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None
        assert cell.metadata == {}


def test_a_notebook_names_no_place_on_a_machine(notebook):
    for cell in notebook.cells:
        assert not MACHINE_PATH.search(cell.source), cell.source


@pytest.mark.parametrize("folder", ["home", "root", "Users", "tmp", "work", "opt"])
def test_a_place_on_a_machine_is_recognised(folder):
    assert MACHINE_PATH.search(f"Path('/{folder}/me/x')")
    assert not MACHINE_PATH.search(f"Path('../{folder}/x') and http://host/{folder}/")


def test_a_notebook_says_first_what_its_reader_will_know_at_the_end(notebook):
    first = notebook.cells[0]

    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert "At the end you will" in first.source


def test_a_notebook_is_short_and_so_are_its_cells(notebook):
    assert len(notebook.cells) <= MAX_CELLS
    for cell in code_of(notebook):
        assert len(cell.source.splitlines()) <= MAX_CELL_LINES, cell.source
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < MAX_DEF_LINES, node.name


def test_what_a_notebook_points_to_is_there(notebook):
    names = set(re.findall(r"`([\w./]+\.(?:md|yaml)|0\d_\w+)`", _prose(notebook)))

    for name in names:
        at = ROOT / "notebooks" / f"{name}.ipynb" if name[0] == "0" else ROOT / name
        assert at.is_file(), name


def _prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
