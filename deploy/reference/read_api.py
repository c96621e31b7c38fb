"""The OpenAPI document, from `deploy.read_api`, for this version of biolatch."""

from importlib.metadata import version

from deploy.read_api.openapi import openapi_text


def read_api_file() -> str:
    """The document as JSON."""
    return openapi_text(version=version("biolatch"))
