"""What the console keeps up to date by itself, so that pages need not read topics.

Owns bounded pictures of the outputs, of every device's standing, and of the group's lag. Each is a
reader of its own that starts again when Kafka was away, and says so meanwhile; none ever commits.
"""
