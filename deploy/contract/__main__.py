"""Check the contract with AsyncAPI's parser and build its page: `make contract`."""

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from deploy.contract.npm_packages import fetch_viewer, install_parser, read_lock
from deploy.contract.page import PAGE, contract_page
from deploy.contract.parser import parse
from deploy.exit_codes import ExitCode
from events.errors import BiolatchError
from schemas.asyncapi import asyncapi_document, asyncapi_text


def main(folder: Path) -> ExitCode:
    """Write document and page into a folder, if the parser has nothing to say.

    Raises:
        BiolatchError: npm or Node is missing, or what was fetched is not what is locked.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document = folder / "asyncapi.json"
    document.write_text(asyncapi_text(version=version("biolatch")), encoding="utf-8")
    lock = read_lock()
    with tempfile.TemporaryDirectory() as scratch:
        parser, viewer = Path(scratch, "parser"), Path(scratch, "viewer")
        parser.mkdir()
        viewer.mkdir()
        install_parser(parser, lock)
        parsed = parse(document, parser)
        for said in parsed.diagnostics:
            sys.stderr.write(f"{said['path']}: {said['message']} [{said['code']}]\n")
        if parsed.diagnostics:
            return ExitCode.FAILED
        page = contract_page(
            asyncapi_document(version=version("biolatch")), fetch_viewer(viewer, lock)
        )
    (folder / PAGE).write_text(page, encoding="utf-8")
    sys.stdout.write(
        f"{len(parsed.channels)} channels and {len(parsed.messages)} messages, parsed clean; the "
        f"page is {folder / PAGE}\n"
    )
    return ExitCode.OK


if __name__ == "__main__":
    try:
        code = main(Path(sys.argv[1]))
    except BiolatchError as error:
        sys.stderr.write(f"error[{error.code}]: {error}\n")
        code = ExitCode.FAILED
    sys.exit(code)
