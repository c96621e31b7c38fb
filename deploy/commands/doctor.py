"""`biolatch doctor`: everything that an installation rests on, looked at."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from agents.settings import load_settings
from deploy.broker_address import at_the_broker_of_this_folder
from deploy.command_app import command_app
from deploy.commands.acl_answers import users_of
from deploy.console import answer_json, answers
from deploy.doctor.examination import examine, settings_refused
from deploy.doctor.finding import Check, Finding, Severity
from deploy.exit_codes import ExitCode
from deploy.inspection.scan_bar import scan_bar
from events.errors import Misconfigured

app = command_app("Look at everything, and say what to mend and how.")

_STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_NAME_WIDTH: Final = 24


@app.command()
def doctor(
    *,
    principal: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=USER",
            help="Who has a role, as for `topics apply --acls`; may be repeated.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Look at everything, and say what to mend and how.

    Settings, keys, certificates and compiled code of this machine; brokers, topics, replicas and
    rights; workers, positions, lag, open transactions and clocks. Run it with the settings of a
    worker. Changes nothing. The exit code is 1 if there is an error or a warning.
    """
    checks = _examined(principal or ())
    findings = [finding for check in checks for finding in check.findings]
    if as_json:
        answer_json(_report(checks, findings))
    else:
        _show(answers(), checks, findings)
    if any(finding.severity is not Severity.NOTE for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def _examined(principal: Sequence[str]) -> Sequence[Check]:
    try:
        settings = at_the_broker_of_this_folder(load_settings())
    except Misconfigured as error:
        return settings_refused(error)
    users = users_of(principal, settings.application.name)
    with scan_bar("looking") as bar:
        return asyncio.run(examine(settings, users, on_progress=bar.progress))


def _show(console: Console, checks: Sequence[Check], findings: Sequence[Finding]) -> None:
    is_pipe = not console.is_terminal
    for check in checks:
        name = check.name.ljust(_NAME_WIDTH)
        worst = _worst(check.findings)
        mark, style = ("ok", "green") if worst is None else (worst.value, _STYLES[worst])
        line = Text.assemble((mark.ljust(9), style), name, (check.summary, "dim"))
        console.print(line, soft_wrap=is_pipe)
        for finding in check.findings:
            console.print(
                Text.assemble(
                    " " * 9, (f"{finding.severity}[{finding.code}]", _STYLES[finding.severity]),
                    f" {finding.message}",
                ),
                soft_wrap=is_pipe,
            )  # fmt: skip
            console.print(Text.assemble(" " * 9, ("fix: ", "bold"), finding.fix), soft_wrap=is_pipe)
    counts = Counter(finding.severity for finding in findings)
    told = [f"{counts[each]} {each.value}{'s' * (counts[each] != 1)}" for each in Severity]
    console.print()
    console.print(", ".join(told) if findings else "Everything is as it should be.")


def _worst(findings: Sequence[Finding]) -> Severity | None:
    return next((each for each in Severity if any(f.severity is each for f in findings)), None)


def _report(checks: Sequence[Check], findings: Sequence[Finding]) -> dict[str, object]:
    counts = Counter(finding.severity for finding in findings)
    return {
        "errors": counts[Severity.ERROR],
        "warnings": counts[Severity.WARNING],
        "notes": counts[Severity.NOTE],
        "checks": [
            {
                "name": check.name,
                "summary": check.summary,
                "findings": [
                    {
                        "code": finding.code,
                        "severity": finding.severity.value,
                        "message": finding.message,
                        "fix": finding.fix,
                    }
                    for finding in check.findings
                ],
            }
            for check in checks
        ],
    }
