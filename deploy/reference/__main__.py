"""Write the reference pages and the client's generated files: `python -m deploy.reference`."""

import sys
from pathlib import Path

from deploy.reference.client import write_client
from deploy.reference.pages import write_pages

write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
write_client(Path(sys.argv[2] if len(sys.argv) > 2 else "clients/python/src/biolatch_client"))  # noqa: PLR2004 - the second argument
