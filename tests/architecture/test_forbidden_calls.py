"""What serving never does: load code from a file, unpack archives to the disk, start programs."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Rule = Callable[[ast.AST], Iterator[str]]

PICKLES = {"pickle", "_pickle", "cPickle", "joblib", "cloudpickle", "dill", "marshal", "shelve"}
PROGRAMS = {"subprocess", "pty", "popen2"}
#: Of `os`.
STARTING = ("exec", "popen", "posix_spawn", "spawn", "startfile", "system")
UNPACKING = {"extract", "extractall", "unpack_archive"}
RUNNING = {"eval", "exec", "compile", "__import__"}


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {str(node.module).split(".")[0]}
    return set()


def called(node: ast.Call) -> tuple[str, str]:
    """Give the called name and whose it is, as far as one can see."""
    if isinstance(node.func, ast.Attribute):
        owner = node.func.value
        return node.func.attr, owner.id if isinstance(owner, ast.Name) else "?"
    return (node.func.id, "") if isinstance(node.func, ast.Name) else ("", "")


def unpickles(node: ast.AST) -> Iterator[str]:
    """Say what is forbidden everywhere."""
    for name in sorted(imported(node) & PICKLES):
        yield f"imports {name}"


def trusts_files(node: ast.AST) -> Iterator[str]:
    """Say what is forbidden where files come from elsewhere."""
    if isinstance(node, ast.Call):
        name, _ = called(node)
        if name in UNPACKING:
            yield f"calls {name}"
        for keyword in node.keywords:
            if keyword.arg in {"allow_pickle", "shell"} and not is_false(keyword.value):
                yield f"says {keyword.arg}"


def runs_anything(node: ast.AST) -> Iterator[str]:
    """Say what is forbidden where requests are served."""
    for name in sorted(imported(node) & PROGRAMS):
        yield f"imports {name}"
    if isinstance(node, ast.Call):
        name, owner = called(node)
        if name in RUNNING and owner in {"", "builtins"}:
            yield f"calls {name}"
        if owner == "os" and name.startswith(STARTING):
            yield f"calls os.{name}"
        if owner in {"np", "numpy"} and name in {"load", "memmap", "fromfile"}:
            yield "reads arrays past serving/scoring/stored_arrays.py"


def is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


def findings(source: str, *rules: Rule) -> list[str]:
    return [what for node in ast.walk(ast.parse(source)) for rule in rules for what in rule(node)]


@pytest.mark.parametrize(
    ("folder", "rules"),
    [
        ("serving", (unpickles, trusts_files, runs_anything)),
        ("training", (unpickles, trusts_files)),
        ("deploy", (unpickles,)),
        ("tests", (unpickles,)),
    ],
)
def test_no_module_does_what_is_forbidden(folder: str, rules: tuple[Rule, ...]) -> None:
    modules = sorted((ROOT / folder).rglob("*.py"))
    assert modules

    found = {
        str(path.relative_to(ROOT)): what
        for path in modules
        if (what := findings(path.read_text(), *rules))
    }

    assert not found


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("import pickle", "imports pickle"),
        ("import os, dill", "imports dill"),
        ("from joblib import load", "imports joblib"),
        ("import cloudpickle as harmless", "imports cloudpickle"),
        ("def f():\n    from marshal import loads", "imports marshal"),
        ("import shelve", "imports shelve"),
        ("from _pickle import Unpickler", "imports _pickle"),
        ("import subprocess", "imports subprocess"),
        ("from subprocess import run", "imports subprocess"),
        ("archive.extractall(folder)", "calls extractall"),
        ("archive.extractall(folder, filter='data')", "calls extractall"),
        ("archive.extract(member)", "calls extract"),
        ("shutil.unpack_archive(path)", "calls unpack_archive"),
        ("read_array(file, allow_pickle=True)", "says allow_pickle"),
        ("read_array(file, allow_pickle=trusted)", "says allow_pickle"),
        ("np.load(path)", "reads arrays past serving/scoring/stored_arrays.py"),
        ("run(words, shell=True)", "says shell"),
        ("os.system('ls')", "calls os.system"),
        ("os.execvp('ls', [])", "calls os.execvp"),
        ("os.popen('ls')", "calls os.popen"),
        ("eval(text)", "calls eval"),
        ("builtins.exec(text)", "calls exec"),
        ("__import__(name)", "calls __import__"),
    ],
)
def test_each_rule_is_tripped(line: str, what: str) -> None:
    assert findings(line, unpickles, trusts_files, runs_anything) == [what]


@pytest.mark.parametrize(
    "line",
    [
        "read_array(file, allow_pickle=False)",
        "re.compile('a')",
        "import os",
        "archive.extractfile(member)",
        "os.getpid()",
    ],
)
def test_what_is_harmless_is_let_pass(line: str) -> None:
    assert findings(line, unpickles, trusts_files, runs_anything) == []
