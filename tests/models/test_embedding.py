import threading

import numpy as np
import pytest
import torch

from workbench.errors import BackboneError, ImageError
from workbench.models.backbones import load_backbone
from workbench.models.embedding import embed_files
from workbench.models.runtimes import OneCore


def test_rows_come_in_order_and_whole(small_lite, digits):
    paths, _ = digits
    reports = []
    whole = small_lite.embed(paths[:23], progress=lambda done, total: reports.append((done, total)))
    assert reports == [(16, 23), (23, 23)]
    slices = [
        (rows.start, rows.stop, len(block))
        for rows, block in embed_files(small_lite, paths[:23], batch_size=10, workers=3)
    ]
    assert slices == [(0, 10, 10), (10, 20, 10), (20, 23, 3)]
    assert whole.shape == (23, small_lite.dim)


def test_a_vector_does_not_depend_on_its_batch(small_lite, digits):
    paths, _ = digits
    blocks = {size: [] for size in (1, 7, 12)}
    for size, parts in blocks.items():
        parts.extend(block for _, block in embed_files(small_lite, paths[:12], batch_size=size))
    reference = np.concatenate(blocks[12])
    spread = np.linalg.norm(reference - reference.mean(axis=0), axis=1).min()
    for parts in blocks.values():
        assert np.linalg.norm(np.concatenate(parts) - reference, axis=1).max() < 0.05 * spread


def test_precision_is_fine_against_what_tells_images_apart(small_lite, digits):
    paths, _ = digits
    fast = small_lite.embed(paths[:20])
    pixels = torch.stack([small_lite.preprocess(path) for path in paths[:20]])
    with torch.inference_mode():
        exact = small_lite.model(small_lite.to_input(pixels)).numpy()
    error = np.linalg.norm(fast - exact) / np.linalg.norm(exact - exact.mean(axis=0))
    assert error < 0.05


@pytest.fixture(params=["all cores a batch", "a core a batch"])
def network(request, small_lite):
    """The same network, by either way through `embed_files`."""
    return small_lite.model if request.param == "all cores a batch" else OneCore(small_lite.model)


def test_each_way_gives_the_same_vectors_in_order(small_lite, digits, network):
    paths, _ = digits
    blocks = [*embed_files(small_lite, paths[:23], batch_size=4, workers=3, network=network)]
    assert [rows.start for rows, _ in blocks] == [0, 4, 8, 12, 16, 20]
    wanted = small_lite.embed(paths[:23])
    spread = np.linalg.norm(wanted - wanted.mean(axis=0), axis=1).min()
    off = np.concatenate([block for _, block in blocks]) - wanted
    assert np.linalg.norm(off, axis=1).max() < 0.05 * spread


def test_batches_are_given_away_before_a_bad_file_stops_the_rest(
    small_lite, digits, tmp_path, network
):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    paths = [*digits[0][:8], bad]
    got = []
    with pytest.raises(ImageError, match=r"bad\.png"):
        blocks = embed_files(small_lite, paths, batch_size=4, network=network)
        got.extend(rows for rows, _ in blocks)
    assert got == [slice(0, 4), slice(4, 8)]


def test_decoding_does_not_run_far_ahead(small_lite, digits, monkeypatch, network):
    decoded = []
    preprocess = small_lite.preprocess
    monkeypatch.setattr(small_lite, "preprocess", lambda p: (decoded.append(p), preprocess(p))[1])
    paths, _ = digits
    stream = embed_files(small_lite, paths, batch_size=4, workers=1, network=network)
    next(stream)
    stream.close()
    assert len(decoded) <= 12
    assert not [t for t in threading.enumerate() if t.name.startswith("workbench-decode")]


def test_nothing_to_embed(small_lite):
    assert small_lite.embed([]).shape == (0, small_lite.dim)


def test_a_network_that_outgrows_float16_goes_on_in_float32(digits):
    backbone = load_backbone("test_resnet", weights="random")
    with torch.no_grad():
        backbone.model.layer4[-1].bn2.weight.mul_(1e7)
        backbone.model.layer4[-1].bn2.bias.add_(1e6)
    backbone.dtype = torch.float16
    vectors = backbone.embed(digits[0][:2])
    assert backbone.dtype is torch.float32
    assert np.isfinite(vectors).all()
    assert vectors.max() > 65504


def test_vectors_that_are_not_finite_are_refused(digits):
    backbone = load_backbone("test_resnet", weights="random")
    with torch.no_grad():
        backbone.model.conv1[0].weight.fill_(float("nan"))
    with pytest.raises(BackboneError, match="not finite"):
        backbone.embed(digits[0][:2])
