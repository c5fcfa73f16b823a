"""Metrics with intervals: arrays in, plain data out."""
