"""Simulated annotators and the headless flywheel."""
