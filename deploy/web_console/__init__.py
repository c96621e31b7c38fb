"""The web console: biolatch in a browser, for the people who run it and those who answer users.

Owns the pages, who may see what on them, and the live views behind them. Pages are made on the
server and work without scripts; nothing is ever fetched from elsewhere. What protects it: it
decides nothing and commits for no group; ids are in clear for operators only; no page reads a topic
without a bound.
"""
