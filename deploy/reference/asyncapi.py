"""The AsyncAPI document, from `schemas.asyncapi`, for this version of biolatch."""

from importlib.metadata import version

from schemas.asyncapi import asyncapi_text


def asyncapi_file() -> str:
    """The document as JSON."""
    return asyncapi_text(version=version("biolatch"))
