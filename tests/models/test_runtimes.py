"""Every route to a vector gives the same one, and a network that a route cannot take goes another."""

import logging

import numpy as np
import pytest
import torch
from torch import nn

from tests.models.test_folding import lived_in
from workbench.models import embedding, runtimes
from workbench.models.backbones import load_backbone
from workbench.models.probe import fit_probe
from workbench.models.runtimes import Route, available, by_route, fastest

NAMES = [
    "efficientnet_lite0",
    "convnext_atto",
    "mobilenetv4_conv_small",
    "resnet18",
    "vit_tiny_patch16_224",
]
# What tells images apart is their distance from the mean vector: the deviation beside it.
TOLERANCE = {Route.ONNXRUNTIME: 1e-4, Route.OPENVINO: 0.05}


@pytest.fixture(params=[Route.ONNXRUNTIME, Route.OPENVINO])
def route(request):
    pytest.importorskip(request.param.value)
    return request.param


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch):
    monkeypatch.setattr(runtimes, "_told", set())


def unit(vectors):
    centred = vectors - vectors.mean(axis=0)
    return centred / np.linalg.norm(centred, axis=1, keepdims=True)


@pytest.mark.parametrize("name", NAMES)
def test_vectors_agree_with_pytorchs(name, route, photos):
    pretrained = name == "efficientnet_lite0"
    backbone = load_backbone(name, weights="pretrained" if pretrained else "random")
    if not pretrained:
        lived_in(backbone.model)
    names = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "ihc.png")
    pixels = torch.stack([backbone.preprocess(photos / each) for each in names])
    with torch.inference_mode():
        exact = backbone.model(backbone.to_input(pixels)).numpy()
    network = backbone.compiled(route)
    assert network is not backbone.model
    got = np.concatenate([backbone.forward(part, network) for part in (pixels[:1], pixels[1:])])
    apart = np.linalg.norm(exact - exact.mean(axis=0), axis=1).min()
    assert np.linalg.norm(got - exact, axis=1).max() < TOLERANCE[route] * apart


def test_routes_may_be_mixed(small_lite, digits, route):
    """Half of the images came by one route, half by another: a probe cannot tell."""
    paths, targets = digits
    plain = np.concatenate([v for _, v in embedding.embed_files(small_lite, paths)])
    network = small_lite.compiled(route)
    other = np.concatenate(
        [v for _, v in embedding.embed_files(small_lite, paths, network=network)]
    )
    mixed = np.where(np.arange(len(paths))[:, None] % 2, plain, other)
    said = [
        fit_probe(unit(vectors)[:40], targets[:40]).predict_proba(unit(vectors)[40:], 4)
        for vectors in (plain, mixed)
    ]
    assert (said[0].argmax(axis=1) == said[1].argmax(axis=1)).all()
    assert np.abs(said[0] - said[1]).max() < 0.02


def test_many_images_go_by_the_fastest_route(small_lite, digits, monkeypatch):
    assert Route.ONNXRUNTIME in available(), "it is a dependency"
    asked = []
    real = runtimes.by_route
    monkeypatch.setattr(runtimes, "by_route", lambda *a: (asked.append(a[-1]), real(*a))[1])
    paths, _ = digits
    few = small_lite.embed(paths[:20])
    assert asked == []
    monkeypatch.setattr(embedding, "_MANY", 10)
    many = small_lite.embed(paths[:20])
    assert asked == available()[:1]
    np.testing.assert_allclose(many, few, atol=0.02 * np.abs(few).max())


class Unwritable(nn.Module):
    """Computes what no graph has."""

    def forward(self, pixels):
        values, _ = torch.linalg.eigh(pixels.mean((1,)) @ pixels.mean((1,)).mT)
        return values


class Wavering(nn.Module):
    """Does something else when it is traced."""

    def forward(self, pixels):
        return pixels.mean((2, 3)) * (2 if torch.jit.is_tracing() else 1)


@pytest.mark.parametrize("model", [Unwritable(), Wavering()])
def test_a_network_that_does_not_go_stays_with_pytorch_and_the_reason_is_said_once(model, caplog):
    example = torch.rand(2, 3, 16, 16)
    monkey = [Route.ONNXRUNTIME, Route.TORCH]
    with caplog.at_level(logging.WARNING), pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtimes, "available", lambda: monkey)
        assert fastest(model, example, torch.float32) is model
        assert fastest(model, example, torch.float32) is model
    (said,) = caplog.messages
    assert type(model).__name__ in said
    assert "onnxruntime" in said


def test_one_that_says_something_else_is_told_with_how_much():
    with pytest.raises(ValueError, match=r"off by 1\.0e\+00 of its size"):
        by_route(Wavering(), torch.rand(2, 3, 16, 16), torch.float32, Route.ONNXRUNTIME)


def test_a_network_that_outgrows_float16_there_goes_on_in_float32(digits):
    backbone = load_backbone("test_resnet", weights="random")
    calls = []

    def overflowing(pixels):
        calls.append(len(pixels))
        return torch.full((len(pixels), backbone.dim), float("inf"))

    pixels = torch.stack([backbone.preprocess(path) for path in digits[0][:2]])
    assert np.isfinite(backbone.forward(pixels, overflowing)).all()
    assert backbone.dtype is torch.float32
    assert calls == [2]
