"""Reference pages that are drawn from the code, so that they cannot drift from it.

`python -m deploy.reference` writes them into docs/reference; a test checks that they are current.
"""
