"""The root of `scorecard`: help, examples, version, and what it says of what is not installed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from serving import commands as serving_commands
from serving.cli import ELSEWHERE, root
from training import cli as training_commands

PROGRAM = Path(sys.executable).parent / "scorecard"

#: Prints, of the modules named, those that were imported when `scorecard ARGUMENTS` has ended.
IMPORTED = """
import sys
from serving.cli import main
sys.argv = ["scorecard", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
heavy = ["pandas", "pyarrow", "xgboost", "sklearn", "scipy", "matplotlib", "pydantic", "tqdm"]
print("imported:", *(name for name in heavy if name in sys.modules))
"""

#: Runs `scorecard ARGUMENTS` where a module is not installed.
WITHOUT = """
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == {absent!r}:
            raise ModuleNotFoundError(name)
sys.modules[{absent!r}] = None
from serving.cli import main
sys.argv = ["scorecard", *sys.argv[1:]]
main()
"""

serving_commands.add_commands(root)
training_commands.add_commands(root)


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


def python(code, *arguments, cwd):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip


def examples(path):
    text = CliRunner().invoke(root, [*path, "--help"]).output
    after = text.partition("Example")[2].partition("Options:")[0]
    return [line.strip() for line in after.splitlines() if "scorecard " in line]


ALL = dict(commands(root))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_shows_an_example_that_the_program_accepts(path):
    shown = examples(path)

    assert shown, "no line under Example:"
    for line in shown:
        words = shlex.split(line.rpartition("|")[2])
        assert words[0] == "scorecard"
        parse(words[1:])


def parse(words):
    """Take the words as the program does, up to the point where it would start to work."""
    command: click.Command = root
    context = click.Context(root, info_name="scorecard")
    while isinstance(command, click.Group):
        name, *words = words
        command = command.commands[name]
        context = click.Context(command, info_name=name, parent=context)
    command.parse_args(context, list(words))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_has_help_or_shows_its_default(path):
    options = [one for one in ALL[path].params if isinstance(one, click.Option)]

    assert [one.name for one in options if not one.help and not one.show_default] == []


def test_the_version_names_the_artifact_formats(tmp_path):
    done = subprocess.run(
        [PROGRAM, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert re.fullmatch(r"scorecard \d+\.\d+\.\d+ \(reads artifact format 1, 2, 3\)\n", done.stdout)
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"], ["trian"]])
def test_asking_for_help_imports_nothing_heavy(tmp_path, arguments):
    done = python(IMPORTED, *arguments, cwd=tmp_path)

    assert done.stdout.splitlines()[-1] == "imported:", done.stderr


@pytest.mark.parametrize("command", sorted(ELSEWHERE))
def test_the_table_of_commands_elsewhere_names_commands_that_exist(command):
    assert command in root.commands


@pytest.mark.parametrize("absent", ["pandas", "xgboost", "pyarrow", "yaml", "matplotlib"])
def test_a_command_whose_libraries_are_absent_says_what_to_install(tmp_path, absent):
    code = WITHOUT.format(absent=absent)

    done = python(code, "train", "--data", "x", "--out", "y", cwd=tmp_path)

    assert done.returncode == 2
    assert "'train' needs: pip install 'customer-success-scorecard[training]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_offers_only_what_is_installed(tmp_path):
    done = python(WITHOUT.format(absent="pandas"), "--help", cwd=tmp_path)

    assert done.returncode == 0
    assert "  train " not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says", "why"),
    [
        (["trian"], "Did you mean 'train'?", "a slip of the fingers"),
        (["score", "A", "--ouut", "x"], "No such option", "an option that does not exist"),
        (["train"], "Missing option '--data'", "nothing given"),
        (["data", "sampel"], "No such command", "in a group too"),
        (["score", "A", "B", "--out", "x"], "unexpected extra argument", "one too many"),
    ],
)
def test_wrong_usage_exits_2_and_points_at_help(arguments, says, why):
    done = CliRunner().invoke(root, arguments)

    assert done.exit_code == 2, why
    assert says in done.stderr
    assert "--help' for help" in done.stderr
    assert done.stdout == ""


def test_libraries_log_from_warning_on_and_our_own_from_info_on(tmp_path):
    code = (
        "import logging\nfrom serving.cli import root\nimport click\n"
        "@root.command()\ndef speak():\n"
        "    logging.getLogger('matplotlib.font_manager').info('built a cache')\n"
        "    logging.getLogger('xgboost').warning('mind this')\n"
        "    logging.getLogger('training.fit').info('fitted')\n"
        "root(['speak'])\n"
    )

    done = python(code, cwd=tmp_path)

    assert done.stderr == "WARNING mind this\nINFO fitted\n"
    assert done.stdout == ""
