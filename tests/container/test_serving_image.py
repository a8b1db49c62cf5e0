"""The serving image as SageMaker and others run it."""

import json

import pytest

from tests.container.expected import (
    CSV_BODY,
    JSON_BODY,
    scores_in_csv,
    scores_in_json,
    scores_of,
)

pytestmark = pytest.mark.container

MEMORY = 512 * 2**20

#: Prints uid, gid, groups, effective capabilities and the first words of every other process.
PROCESSES = """
import json, os, pathlib
found = {}
for place in pathlib.Path("/proc").glob("[0-9]*"):
    if int(place.name) != os.getpid():
        lines = (place / "status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        found[place.name] = {
            **{name: status[name].split() for name in ("Uid", "Gid", "Groups", "CapEff")},
            "words": (place / "cmdline").read_text().split("\\0"),
        }
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def as_root(serve, trained, report):
    """A container as SageMaker starts it: as root."""
    container = serve(trained, options=[f"--memory={MEMORY}"])
    report(f"serving image: /ping answered 200 {container.wait_for_ping():.2f} s after `run`")
    return container


def processes(container):
    return json.loads(container.python(PROCESSES).stdout)


def test_scores_are_those_of_the_scorer_in_json_and_in_csv(as_root, trained):
    expected = scores_of(trained)

    in_json = as_root.call("POST", "/invocations", JSON_BODY, Content_Type="application/json")
    in_csv = as_root.call(
        "POST", "/invocations", CSV_BODY, Content_Type="text/csv", Accept="text/csv"
    )

    assert len({row["global_score"] for row in expected}) > 1
    assert scores_in_json(in_json) == expected
    assert scores_in_csv(in_csv, [*in_json.json()["predictions"][0]]) == expected


def test_started_as_root_every_process_becomes_an_ordinary_user(as_root):
    found = processes(as_root)

    assert len(found) >= 2, "gunicorn and a worker"
    assert found["1"]["words"][1].endswith("/serve"), "SIGTERM must reach gunicorn"
    for process in found.values():
        assert set(process["Uid"]) == set(process["Gid"]) == {"10001"}
        assert not process["Groups"]
        assert int(process["CapEff"][0], 16) == 0


def test_an_ordinary_user_without_capabilities_can_start_it_too(serve, trained):
    options = ["--user=10001", "--cap-drop=all", "--security-opt=no-new-privileges"]

    container = serve(trained, options=options)
    container.wait_for_ping()

    found = processes(container)
    assert {uid for process in found.values() for uid in process["Uid"]} == {"10001"}
    answer = container.call("POST", "/invocations", JSON_BODY, Content_Type="application/json")
    assert scores_in_json(answer) == scores_of(trained)


def test_root_that_may_not_become_another_user_is_told_what_to_do(podman, image):
    done = podman.run("--cap-drop=all", image("serving"), "serve", ok=False)

    assert done.returncode == 1
    assert "start it with --user 10001" in done.stderr


@pytest.mark.parametrize("words", [["train"], ["sh"], ["serve scorecard"], ["--", "serve"], [""]])
def test_a_word_that_is_no_program_of_the_image_is_refused(podman, image, words):
    done = podman.run(image("serving"), *words, ok=False)

    assert done.returncode == 2
    assert "this image starts one of: serve scorecard" in done.stderr


def test_nothing_outside_the_temporary_folders_can_be_written(as_root):
    write = "open({!r}, 'w')"

    for path in ["/x", "/opt/ml/model/x", "/opt/scorecard/x", "/etc/x", "/var/x"]:
        assert "Read-only file system" in as_root.python(write.format(path), ok=False).stderr
    assert as_root.python(write.format("/tmp/x")).returncode == 0  # noqa: S108 (in the container)


def test_the_memory_limit_holds(as_root, podman, image):
    read = """
import pathlib
places = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
print(*(path.read_text() for path in map(pathlib.Path, places) if path.exists()))
"""
    take = f"taken = b'x' * {2 * MEMORY}"

    assert as_root.python(read).stdout.split() == [str(MEMORY)]
    limits = [f"--memory={MEMORY}", f"--memory-swap={MEMORY}", "--entrypoint=python"]
    assert podman.run(*limits, image("serving"), "-c", take, ok=False).returncode == 137


def test_sigterm_ends_it_with_0_in_time(serve, trained, report):
    container = serve(trained)
    container.wait_for_ping()

    code, seconds = container.stop()

    report(f"serving image: exit {code} {seconds:.2f} s after SIGTERM")
    assert code == 0, container.log()
    assert seconds < 30


def test_its_health_check_tells_whether_a_model_is_served(as_root, serve, podman):
    empty = serve(None)
    empty.wait_for_ping(503)

    assert podman("healthcheck", "run", as_root.id, ok=False).returncode == 0
    assert podman("healthcheck", "run", empty.id, ok=False).returncode == 1
    assert empty.call("POST", "/invocations", JSON_BODY).status == 503


def test_the_image_says_what_sagemaker_asks_of_it(podman, image):
    config = podman.inspect("image", image("serving"))["Config"]

    label = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"
    assert config["Labels"][label] == "true"
    assert config["Entrypoint"][0] == "/opt/scorecard/entry-point"
    assert config["Cmd"] == ["serve"]
    assert not config.get("User"), "SageMaker expects root; the entry point drops it"
