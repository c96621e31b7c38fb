"""Write the reference pages: `python -m deploy.reference [FOLDER]`."""

import sys
from pathlib import Path

from deploy.reference.pages import write_pages

write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
