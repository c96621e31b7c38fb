"""The contract as a page for a browser: one file that asks no host for anything.

Owns its frame; the viewer within is AsyncAPI's own, fetched once and checked (`npm_packages`). The
page is built and not committed: the viewer alone is 3 MB of somebody else's minified program, and a
repository would keep every version of it for ever.
"""

import json
import re
from pathlib import Path
from typing import Final

from pydantic.json_schema import JsonSchemaValue

PAGE: Final = "contract.html"
_SCRIPT: Final = Path("browser", "standalone", "index.js")
_STYLE: Final = Path("styles", "default.min.css")
_SCRIPT_END: Final = re.compile(r"</(script)", re.IGNORECASE)

_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)
"""Nothing is fetched from anywhere; `unsafe-eval` is for the viewer, which compiles its checks."""

_FRAME: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style} body {{ font-family: system-ui, sans-serif; }}</style>
</head>
<body>
<div id="contract"></div>
<script>{script}</script>
<script type="application/json" id="document">{document}</script>
<script>
AsyncApiStandalone.render({{
  schema: JSON.parse(document.getElementById("document").textContent),
  config: {{ show: {{ sidebar: true, errors: true }}, sidebar: {{ showOperations: "byDefault" }} }},
}}, document.getElementById("contract"));
</script>
</body>
</html>
"""


def contract_page(document: JsonSchemaValue, viewer: Path) -> str:
    """The page of a document, with the viewer whose files lie in a folder.

    Raises:
        OSError: a file of the viewer is not there.
    """
    return _FRAME.format(
        policy=_POLICY,
        title=f"{document['info']['title']} {document['info']['version']}: the contract",
        style=(viewer / _STYLE).read_text(encoding="utf-8"),
        script=_within_script((viewer / _SCRIPT).read_text(encoding="utf-8")),
        document=_within_script(json.dumps(document, ensure_ascii=False)),
    )


def _within_script(text: str) -> str:
    """The same program or document, without what would end the element around it."""
    return _SCRIPT_END.sub(r"<\\/\1", text).replace("<!--", r"<\!--")
