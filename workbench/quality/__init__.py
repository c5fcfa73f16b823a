"""Doubt about labels: pure functions on arrays."""
