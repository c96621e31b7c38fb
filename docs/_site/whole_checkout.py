"""Makes one site of `docs` and of the files beside it that its pages name.

Pages link as a checkout lies on a disk, so that they can be read there: `../SECURITY.md`,
`../examples/first-day.jsonl`. On the site such a file stands under the path that it has in the
checkout; pages and links are left as they are in the sources. A link to what is not there is left,
too, and the build, which is strict, fails for it.
"""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
README = "README.md"
HOME = "index.md"
LINK = re.compile(r"(?<=\]\()([^)#\s]+)(?=[)#])")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what pages name and what the navigation names, and write the navigation out."""
    for source in files.documentation_pages():
        source.in_checkout = f"docs/{source.src_uri}"
    waiting = [*files.documentation_pages()]
    for place in _named_in(config.nav):
        if place.startswith("/"):
            waiting += _add(place[1:], files, config)
    while waiting:
        page = waiting.pop()
        for link in LINK.findall(_text(page)):
            place = _place(page, link)
            if place is not None and not place.startswith("docs/"):
                waiting += _add(place, files, config)
    config.nav = _written_out(config.nav, files)
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:  # noqa: ANN401 - mkdocs' own
    """Turn each link within the checkout into the same link within the site."""

    def on_site(found: re.Match[str]) -> str:
        place = _place(page.file, found[0])
        if place is None:
            return found[0]
        return relpath(_uri(place), PurePosixPath(page.file.src_uri).parent.as_posix())

    return LINK.sub(on_site, markdown)


def _add(place: str, files: Files, config: MkDocsConfig) -> list[File]:
    """Add a file of the checkout, if it is not there yet; return it, if its links matter."""
    uri = _uri(place)
    if files.get_file_from_path(uri) is not None:
        return []
    file = File.generated(config, uri, abs_src_path=str(ROOT / place))
    file.in_checkout = place
    files.append(file)
    return [file] if file.is_documentation_page() else []


def _place(page: File, link: str) -> str | None:
    """What a link of a page names, from the root of the checkout; None if it is no file there."""
    if ":" in link or link.startswith("/"):
        return None
    place = normpath(PurePosixPath(page.in_checkout).parent / link)
    return place if (ROOT / place).is_file() else None


def _uri(place: str) -> str:
    if place == README:
        return HOME
    return place.removeprefix("docs/")


def _text(page: File) -> str:
    return Path(page.abs_src_path or "").read_text(encoding="utf-8")


def _named_in(nav: Any) -> Iterable[str]:  # noqa: ANN401 - as YAML has it
    match nav:
        case str():
            yield nav
        case dict():
            for below in nav.values():
                yield from _named_in(below)
        case list():
            for below in nav:
                yield from _named_in(below)


def _written_out(nav: list[Any], files: Files) -> list[Any]:
    """The navigation with each folder's pages in its place, without sections that have none."""
    written: list[Any] = []
    for entry in nav:
        match entry:
            case str() if entry.endswith("/"):
                pages = [file.src_uri for file in files.documentation_pages()]
                inside = [page for page in pages if page.startswith(entry)]
                written += sorted(inside, key=lambda page: (not page.endswith(README), page))
            case dict():
                ((title, below),) = entry.items()
                if isinstance(below, str):
                    written.append({title: _uri(below.removeprefix("/"))})
                elif section := _written_out(below, files):
                    written.append({title: section})
            case _:
                written.append(entry)
    return written
