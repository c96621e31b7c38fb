"""Runs biolatch: the command line, the local Apache Kafka, topic set-up and the demo.

Owns what people and machines start by hand: processes, exit codes, messages on a terminal. Must
never hold a rule about devices or a topic's name; those are `events` and `schemas`. What protects
it: every command ends with one code of `deploy.exit_codes`, and an error says its fix.
"""
