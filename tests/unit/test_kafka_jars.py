# Goal: what runs is byte for byte what was locked. A repository on the loopback address stands for
# Maven's; jgo itself fetches from it.
import hashlib
import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.kafka.jars import LOCK, Jar, kafka_version, locked_jars, verified_jars
from events.errors import Misconfigured, TransientFailure

CONTENT = {"first": b"the first jar", "second": b"the second jar"}
JARS = tuple(
    Jar(
        group="org.example", artifact=name, version="1.0", sha256=hashlib.sha256(bytes_).hexdigest()
    )
    for name, bytes_ in CONTENT.items()
)


@dataclass
class Repository:
    files: dict[str, bytes]
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    held = Repository(
        {f"/org/example/{name}/1.0/{name}-1.0.jar": bytes_ for name, bytes_ in CONTENT.items()}
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = held.files.get(self.path)
            held.asked.append(self.path)
            self.send_response(200 if found is not None else 404)
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        settings = tmp_path / "jgo.conf"
        settings.write_text(f"[repositories]\nhere = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
        yield held
        server.shutdown()
        thread.join()


def test_missing_jars_are_fetched_once(tmp_path: Path, repository: Repository) -> None:
    folder = tmp_path / "cache"
    progress: list[tuple[int, int]] = []
    paths = verified_jars(JARS, folder, lambda done, total: progress.append((done, total)))
    assert [path.read_bytes() for path in paths] == list(CONTENT.values())
    assert progress == [(0, 2), (1, 2), (2, 2)]

    repository.files.clear()
    assert verified_jars(JARS, folder) == paths
    assert not list(folder.glob("fetching-*"))


def test_a_changed_jar_stops_every_start(tmp_path: Path, repository: Repository) -> None:
    (changed, _) = verified_jars(JARS, tmp_path)
    changed.write_bytes(b"something else")
    with pytest.raises(Misconfigured, match="Delete that file") as refused:
        verified_jars(JARS, tmp_path)
    assert refused.value.code == "kafka.jar-changed"
    assert str(changed) in str(refused.value)

    changed.unlink()
    verified_jars(JARS, tmp_path)
    assert len([path for path in repository.asked if path.endswith("first-1.0.jar")]) == 2


def test_another_file_from_the_repository_is_not_kept(
    tmp_path: Path, repository: Repository
) -> None:
    repository.files["/org/example/second/1.0/second-1.0.jar"] = b"not what was locked"
    with pytest.raises(Misconfigured) as refused:
        verified_jars(JARS, tmp_path / "cache")
    assert refused.value.code == "kafka.jar-refused"
    assert not (tmp_path / "cache" / "second-1.0.jar").exists()


@pytest.mark.usefixtures("repository")
def test_a_jar_that_cannot_be_fetched_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable = tmp_path / "jgo.conf"
    unreachable.write_text("[repositories]\nhere = http://127.0.0.1:1\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(unreachable))
    with pytest.raises(TransientFailure, match="needs the network, once") as failed:
        verified_jars(JARS, tmp_path / "cache")
    assert failed.value.code == "kafka.jar-not-fetched"


def test_two_processes_fill_an_empty_cache_together(tmp_path: Path, repository: Repository) -> None:
    program = (
        "import sys; from pathlib import Path; from deploy.kafka.jars import Jar, verified_jars\n"
        f"print(verified_jars({JARS!r}, Path(sys.argv[1])))"
    )
    both = [
        subprocess.Popen(  # noqa: S603 (this very Python)
            [sys.executable, "-c", program, str(tmp_path / "cache")], stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    outputs = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert outputs[0] == outputs[1]
    assert sorted(path for path in repository.asked if path.endswith(".jar")) == sorted(
        repository.files
    )


def test_a_cache_that_cannot_be_written_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="BIOLATCH_CACHE"):
        verified_jars(JARS, tmp_path / "file" / "cache")


def test_the_committed_lock_is_whole_and_names_no_host() -> None:
    jars = locked_jars()
    assert kafka_version(jars).startswith("4.1.")
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in jars)
    assert len({jar.file_name for jar in jars}) == len(jars)
    assert "://" not in LOCK.read_text(encoding="utf-8")
