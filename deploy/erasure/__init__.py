"""What is left of a device or a user: everywhere it could be, until when, and why."""
