"""The contract in other people's tools: AsyncAPI's own parser, and a page for a browser.

Nothing here is needed to run biolatch; it needs Node and npm, and nothing of them is committed but
the names, versions and hashes of what is fetched.
"""
