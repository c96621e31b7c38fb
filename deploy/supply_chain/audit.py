"""`make audit`: asks an advisory service about every locked package, and believes no silence.

Runs pip-audit and judges its report. pip-audit itself ends well where the service knew none of the
packages, or where a proxy in between answered in its place; here that is an exit code of its own.
"""

import subprocess
import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import Annotated, Final, NamedTuple

import msgspec

_TIMEOUT_S: Final = 900
_SHOWN_LINES: Final = 3


class Exit(IntEnum):
    """How the command ends.

    Attributes:
        CLEAN: every package was asked about, and nothing is known against it.
        KNOWN_WEAKNESS: something is known.
        NOT_AUDITED: some package, or all, could not be asked about; nothing is known of the others.
    """

    CLEAN = 0
    KNOWN_WEAKNESS = 1
    NOT_AUDITED = 69  # EX_UNAVAILABLE of sysexits.h


class _Advisory(msgspec.Struct):
    id: str
    fix_versions: list[str] = []


class _Package(msgspec.Struct):
    name: str
    version: str = ""
    skip_reason: str | None = None
    vulns: list[_Advisory] = []


class _Report(msgspec.Struct):
    dependencies: Annotated[list[_Package], msgspec.Meta(min_length=1)]


class Judgement(NamedTuple):
    """What a report comes to.

    Attributes:
        code: the exit code.
        lines: what to say.
    """

    code: Exit
    lines: list[str]


def judge(lock: str, report: bytes, complaint: str) -> Judgement:
    """What pip-audit's report says of a lock file.

    Args:
        lock: its name.
        report: pip-audit's JSON; anything else if it could not do its work.
        complaint: what it wrote besides.
    """
    try:
        packages = msgspec.json.decode(report, type=_Report).dependencies
    except msgspec.DecodeError:
        why = complaint.strip().splitlines()[-_SHOWN_LINES:] or ["it said nothing"]
        return Judgement(
            Exit.NOT_AUDITED,
            [f"{lock}: NOT AUDITED, the advisory service could not be reached:", *why],
        )
    known = [
        f"{package.name} {package.version}: {advisory.id}, mended in "
        f"{', '.join(advisory.fix_versions) or 'no version yet'}"
        for package in packages
        for advisory in package.vulns
    ]
    skipped = [package.name for package in packages if package.skip_reason is not None]
    lines = [f"{lock}: {len(packages) - len(skipped)} of {len(packages)} packages audited", *known]
    if skipped:
        lines.append(
            f"NOT AUDITED: {len(skipped)} packages that the service does not know or that it could "
            f"not be asked about ({', '.join(skipped[:_SHOWN_LINES])}, ...). Is there a proxy?"
        )
    if known:
        return Judgement(Exit.KNOWN_WEAKNESS, lines)
    return Judgement(Exit.NOT_AUDITED if skipped else Exit.CLEAN, lines)


def main(arguments: Sequence[str]) -> int:
    """Audit lock files.

    Args:
        arguments: the path of pip-audit, then the lock files.

    Returns:
        the worst of their exit codes; a known weakness is worst.
    """
    pip_audit, *locks = arguments
    codes: set[Exit] = set()
    for lock in locks:
        code, lines = judge(lock, *_report(pip_audit, lock))
        codes.add(code)
        sys.stdout.write("\n".join([*lines, ""]))
    worst = (Exit.KNOWN_WEAKNESS, Exit.NOT_AUDITED, Exit.CLEAN)
    return next(code for code in worst if code in codes)


def _report(pip_audit: str, lock: str) -> tuple[bytes, str]:
    command = [
        *(pip_audit, "--requirement", lock, "--require-hashes", "--disable-pip"),
        *("--format", "json", "--progress-spinner", "off"),
    ]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT_S)  # noqa: S603 - the program that make installed
    except subprocess.TimeoutExpired:
        return b"", f"no answer within {_TIMEOUT_S} s"
    return done.stdout, done.stderr.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
