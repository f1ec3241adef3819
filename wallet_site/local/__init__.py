"""What a developer's machine needs and production never has: servers of its own, the supervisor, demo pages."""
