"""Versions on the local disk: downloaded once, verified every time."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fault_proxy import FaultProxy
from registries import InDirectory, InS3, Registry, files_in, flip, make_s3_client, visible

from serving.registry import RegistryError, fetch_current
from serving.scoring import load_scorer
from training.registry import publish

ROOT = Path(__file__).parents[2]


def test_a_version_is_downloaded_once(
    proxy: FaultProxy, s3: InS3, artifact: Path, tmp_path: Path
) -> None:
    publish(artifact, s3.uri, client=s3.client)
    client = make_s3_client(proxy.endpoint)

    first = fetch_current(s3.uri, tmp_path, client=client)
    downloaded = [path.split("/")[-1] for _, path in proxy.seen]
    second = fetch_current(s3.uri, tmp_path, client=client)

    assert first == second
    assert downloaded == ["current.json", "manifest.json", "peer_tables.npz", "golden.json"]
    assert [path.split("/")[-1] for _, path in proxy.seen[4:]] == ["current.json"]


@pytest.mark.parametrize("name", ["golden.json", "manifest.json", "peer_tables.npz"])
def test_a_spoilt_copy_is_replaced(
    registry: Registry, artifact: Path, tmp_path: Path, name: str
) -> None:
    publish(artifact, registry.uri, client=registry.client)
    folder = fetch_current(registry.uri, tmp_path / "cache", client=registry.client)
    whole = files_in(folder)
    for data in (flip((folder / name).read_bytes()), None):
        if data is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(data)

        fetch_current(registry.uri, tmp_path / "cache", client=registry.client)

        assert files_in(folder) == whole
    assert visible(tmp_path / "cache") == [folder.name]


def test_a_spoilt_copy_stays_refused_while_the_registry_is_damaged(
    registry: Registry, artifact: Path, tmp_path: Path
) -> None:
    version = publish(artifact, registry.uri, client=registry.client).version
    folder = fetch_current(registry.uri, tmp_path / "cache", client=registry.client)
    (folder / "golden.json").write_bytes(b"{}")
    registry.remove(f"versions/{version}/golden.json")

    with pytest.raises(RegistryError, match=r"golden\.json"):
        fetch_current(registry.uri, tmp_path / "cache", client=registry.client)


def test_eight_threads_share_one_download(
    proxy: FaultProxy, s3: InS3, artifact: Path, tmp_path: Path
) -> None:
    publish(artifact, s3.uri, client=s3.client)
    client = make_s3_client(proxy.endpoint)

    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: fetch_current(s3.uri, tmp_path, client=client), range(8)))

    assert len(set(folders)) == 1
    load_scorer(folders[0])
    assert sum("peer_tables.npz" in path for _, path in proxy.seen) == 1


def test_processes_that_fetch_at_once_all_get_a_whole_version(
    artifact: Path, tmp_path: Path
) -> None:
    registry = InDirectory(tmp_path / "registry")
    publish(artifact, registry.uri)
    program = (
        "import sys; from pathlib import Path\n"
        "from serving.registry import fetch_current; from serving.scoring import load_scorer\n"
        "for number in range(15):\n"
        "    cache = Path(sys.argv[2]) / str(number)\n"
        "    load_scorer(fetch_current(sys.argv[1], cache))\n"
    )
    command = [sys.executable, "-c", program, registry.uri, str(tmp_path / "cache")]

    fetching = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]

    assert [process.wait() for process in fetching] == [0, 0, 0]
    assert all(len(visible(cache)) == 1 for cache in (tmp_path / "cache").iterdir())


def test_a_whole_copy_is_used_from_a_cache_that_cannot_be_locked(
    registry: Registry, artifact: Path, tmp_path: Path
) -> None:
    publish(artifact, registry.uri, client=registry.client)
    folder = fetch_current(registry.uri, tmp_path, client=registry.client)
    (tmp_path / ".lock").unlink()
    (tmp_path / ".lock").mkdir()

    assert fetch_current(registry.uri, tmp_path, client=registry.client) == folder


def test_a_cache_that_cannot_be_written_is_named(
    registry: Registry, artifact: Path, tmp_path: Path
) -> None:
    publish(artifact, registry.uri, client=registry.client)
    (tmp_path / "cache").write_text("no directory")

    with pytest.raises(RegistryError, match="cache cannot be written: "):
        fetch_current(registry.uri, tmp_path / "cache", client=registry.client)


def test_a_directory_needs_no_boto3(artifact: Path, tmp_path: Path) -> None:
    registry = InDirectory(tmp_path / "registry")
    publish(artifact, registry.uri)
    program = (
        "import sys; from pathlib import Path\n"
        "sys.modules.update(dict.fromkeys(['boto3', 'botocore']))\n"
        "from serving.registry import RegistryError, fetch_current\n"
        "print(fetch_current(sys.argv[1], Path(sys.argv[2])).name)\n"
        "try:\n"
        "    fetch_current('s3://models', Path(sys.argv[2]))\n"
        "except RegistryError as error:\n"
        "    print(error)\n"
    )

    finished = subprocess.run(
        [sys.executable, "-c", program, registry.uri, str(tmp_path / "cache")],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )

    version, refusal = finished.stdout.splitlines()
    assert version == load_scorer(artifact).artifact.version
    assert refusal.startswith("s3://models needs boto3")
