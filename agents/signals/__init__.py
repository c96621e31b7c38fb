"""The Shared Signals transmitter: tells other systems what was decided, as signed security events.

OpenID Shared Signals Framework 1.0 with CAEP 1.0. `streams` and `stream_store` hold what receivers
have set up, `feed` turns verdicts and decisions into tokens, `push` and `poll` deliver them, `api`
is what receivers call, and `transmitter` puts it together.
"""
