"""Write what is drawn from the code: `python -m deploy.reference`, in the checkout."""

from pathlib import Path

from deploy.reference.client import write_client
from deploy.reference.pages import write_manifests, write_pages

write_manifests(Path())  # first: the AsyncAPI page reads the examples among them
write_pages(Path("docs", "reference"))
write_client(Path("clients", "python", "src", "biolatch_client"))
