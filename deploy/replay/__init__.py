"""`biolatch dead-letters replay`: dead letters become input again, each once.

Owns what may be published again (`letters`) and how that is done once (`replaying`). Must never
change what a publisher has said: key, value and headers are those of the original.
"""
