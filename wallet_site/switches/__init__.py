"""Stopping one capability for everybody, at once. `asking` is for whoever moves something, `flipping` for the desk."""
