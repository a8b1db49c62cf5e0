"""What the README says is so: its commands run, its answer is the answer."""

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest

from serving.cli import root
from serving.commands import add_commands
from tests.processes import BIN, Process, free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

#: Needs the network and minutes; a fresh clone runs it in CI.
NOT_HERE = ("make ",)

PAGES = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "data/README.md",
    "deploy/README.md",
    "deploy/EINSTEIN_STUDIO.md",
]
#: A link within the repository: the file, and the place on it.
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#([^)]+))?\)")

#: A number in a line of output.
FIGURE = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def shell_lines():
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if not line.startswith(NOT_HERE)]


def write_accounts(folder):
    folder.mkdir()
    rng = np.random.default_rng(1)
    accounts = pd.DataFrame(
        {
            "acct_id": [f"a{number}" for number in range(600)],
            "acct_age": rng.uniform(0, 120, 600),
            "acct_size": rng.integers(1, 900, 600),
            "region": rng.choice(["EMEA", "AMER"], 600),
            "logins": rng.poisson(9, 600),
            "tickets": rng.poisson(2, 600),
        }
    )
    peers = ["acct_id", "acct_age", "acct_size", "region"]
    accounts[peers].to_csv(folder / "peer_dims.csv", index=False)
    accounts[["acct_id", "logins", "tickets"]].to_csv(folder / "use.csv", index=False)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A folder that looks like a fresh clone after `make install`, with the commands run."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / ".venv").symlink_to(Path(sys.prefix))
    (folder / "data").symlink_to(ROOT / "data")
    # What a reader of "Your own accounts" has made.
    (folder / "my_card.yaml").write_text(blocks("yaml")[0])
    write_accounts(folder / "my_accounts")
    said = []
    for line in shell_lines():
        done = subprocess.run(
            line, shell=True, cwd=folder, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        said += [done.stdout, done.stderr]
    (folder / "said.txt").write_text("".join(said))
    return folder


def test_the_first_screen_fits_a_terminal():
    first_answer = README.index("| folder |")

    assert README[:first_answer].count("\n") < 40
    assert max(map(len, README[: README.index("$ curl")].splitlines())) <= 100


def test_the_container_s_answer_shown_is_its_answer(checkout, free_container):
    (shown,) = [block for block in blocks("console") if block.startswith("$ echo")]
    *command, answer = shown.removeprefix("$ ").splitlines()
    port = free_container(checkout / "build" / "artifact").port
    line = "\n".join(command).replace(":8080", f":{port}")

    given = subprocess.run(
        line, shell=True, cwd=checkout, check=True, capture_output=True, text=True
    ).stdout.strip()

    # The last is the moment.
    assert given.split(",")[:-1] == answer.split(",")[:-1]


def test_what_commands_are_shown_to_print_they_print(checkout):
    said = (checkout / "said.txt").read_text().splitlines()

    shown = [line for block in blocks("text") for line in block.splitlines() if line]

    assert len(shown) > 10
    assert not [line for line in shown if not any(reads_like(line, each) for each in said)]


def reads_like(one, other):
    """Compare lines; another kind of processor may move a figure a little."""
    if FIGURE.sub("0", one) != FIGURE.sub("0", other):
        return False
    pairs = zip(FIGURE.findall(one), FIGURE.findall(other), strict=True)
    return all(
        # Of counts two; a share is off by 2 % of itself at most.
        float(a.replace(",", ""))
        == pytest.approx(float(b.replace(",", "")), rel=0.02, abs=0 if "." in a else 2)
        for a, b in pairs
    )


def test_the_mistakes_shown_are_told(checkout):
    (shown,) = [block for block in blocks("console") if "broken.yaml" in block]
    *commands, first, second = shown.splitlines()

    for command in commands[:-1]:
        subprocess.run(command.removeprefix("$ "), shell=True, cwd=checkout, check=True)
    told = subprocess.run(
        commands[-1].removeprefix("$ "),
        shell=True,
        cwd=checkout,
        check=False,
        capture_output=True,
        text=True,
    )

    assert told.returncode == 2
    assert told.stderr.splitlines() == [first, second]


def test_the_band_and_the_statuses_shown_are_those_answered(checkout, free_container):
    (shown,) = [block for block in blocks("console") if "SCORECARD_EXTRAS" in block]
    serve, *command, answer = re.split(r"\n(?=\$ |\{|    )", shown.strip())
    (extras,) = re.findall(r"SCORECARD_EXTRAS=(\S+)", serve)
    artifact = checkout / "build" / "health"
    assert str(artifact.relative_to(checkout)) in serve
    port = free_container(artifact, SCORECARD_EXTRAS=extras).port

    line = "\n".join(command).removeprefix("$ ").replace(":8080", f":{port}")
    given = subprocess.run(
        line, shell=True, cwd=checkout, check=True, capture_output=True, text=True
    ).stdout

    (prediction,) = json.loads(given)["predictions"]
    pairs = re.findall(r'"(\w+)":([^\[,}\]][^,}\]]*)', answer)
    assert len(pairs) == 7
    expected = {key: json.loads(value) for key, value in pairs}
    assert {key: prediction[key] for key in expected} == {
        key: pytest.approx(value, abs=1) if isinstance(value, float) else value
        for key, value in expected.items()
    }


@pytest.fixture
def free_container(tmp_path):
    """Start the README's container on a port that is free."""
    started = []

    def start(artifact, **settings):
        port = free_port()
        command = [BIN / "scorecard", "serve", artifact, "--port", port]
        settings["SCORECARD_WORKERS"] = "1"
        started.append(Process(command, tmp_path / "log", port=port, **settings))
        started[-1].wait_for_ping()
        return started[-1]

    yield start
    for process in started:
        process.stop()


def test_the_answer_shown_is_the_answer(checkout):
    (shown,) = [block for block in blocks("console") if block.startswith("$ head")]
    command, header, answer = shown.removeprefix("$ ").splitlines()

    lines = subprocess.run(
        command, shell=True, cwd=checkout, check=True, capture_output=True, text=True
    ).stdout.splitlines()

    assert lines[0] == header
    account, *scores = lines[1].split(",")
    expected_account, *expected = answer.split(",")
    assert account == expected_account
    # Another kind of processor may round one score to its neighbour.
    assert [float(score) for score in scores] == pytest.approx(list(map(float, expected)), abs=1)


def test_the_python_shown_runs(checkout):
    for block in blocks("python"):
        subprocess.run([sys.executable, "-c", block], cwd=checkout, check=True, capture_output=True)


def test_the_scorecard_shown_has_no_mistakes(checkout):
    for position, block in enumerate(blocks("yaml")):
        card = checkout / f"card{position}.yaml"
        card.write_text(block)
        subprocess.run(
            [checkout / ".venv/bin/scorecard", "lint", card], check=True, capture_output=True
        )


def test_every_command_in_the_table_exists():
    add_commands(root)
    for entry in importlib.metadata.entry_points(group="scorecard.commands"):
        entry.load()(root)

    for words in re.findall(r"^\| `scorecard ([a-z ]+)", README, re.MULTILINE):
        command = root
        for word in words.split():
            assert isinstance(command, click.Group)
            assert word in command.commands, words
            command = command.commands[word]


def test_every_link_leads_somewhere():
    for page in PAGES:
        for link, _, place in LINK.findall((ROOT / page).read_text()):
            led = (ROOT / page).parent / link if link else ROOT / page
            assert led.exists(), f"{page}: {link}"
            assert not place or place in places_of(led), f"{page}: {link}#{place}"


def places_of(page):
    """Give what a link can name on a page: its headings, in GitHub's spelling."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
