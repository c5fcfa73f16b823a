"""Contents and their vectors, each made from a number."""

import hashlib

import numpy as np

DIM = 6


def keys(*contents):
    return [hashlib.sha256(str(content).encode()).hexdigest() for content in contents]


def rows(*contents):
    return np.array([np.arange(DIM) + 10 * content for content in contents], dtype=np.float32)
