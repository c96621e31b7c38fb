"""What a process shows of itself over HTTP: metrics for Prometheus, and whether it is well.

Owns names, units and words of the metrics. Must never ask anything that works to wait: a scrape
reads numbers that are there.
"""
