"""Batch norms folded away: the same vectors, whatever network it is."""

import numpy as np
import pytest
import timm
import torch
from torch import nn

from workbench.models import embedding
from workbench.models.folding import fold_batch_norms


def lived_in(model):
    """A network whose batch norms have seen something, as after training."""
    generator = torch.Generator().manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.running_mean, module.bias.data):
                values.copy_(0.3 * torch.randn(values.shape, generator=generator))
            for values in (module.running_var, module.weight.data):
                values.copy_(0.5 + torch.rand(values.shape, generator=generator))
    return model.eval()


def norms(model):
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


@pytest.fixture
def example():
    return torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet18", "mobilenetv3_small_050"])
def test_all_are_folded_and_it_says_the_same(name, example):
    model = lived_in(timm.create_model(name, pretrained=False, num_classes=0))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    folded = fold_batch_norms(model, example)
    assert norms(model) > 10
    assert norms(folded) == 0
    other = torch.randn(3, 3, 96, 96)
    with torch.inference_mode():
        torch.testing.assert_close(folded(other), model(other), rtol=1e-3, atol=1e-4)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_a_network_without_any_stays_the_object_that_it_is(example):
    model = timm.create_model("vit_tiny_patch16_224", num_classes=0, img_size=96).eval()
    assert fold_batch_norms(model, example) is model


class Deceptive(nn.Module):
    """Defines a batch norm behind a convolution, and uses it before."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, pixels):
        return self.conv(self.norm(pixels)).mean((2, 3))


def test_a_network_that_would_say_something_else_stays_as_it_is(example):
    model = lived_in(Deceptive())
    assert fold_batch_norms(model, example) is model
    assert norms(model) == 1


def test_many_images_are_embedded_as_few_are(small_lite, digits, monkeypatch):
    paths, _ = digits
    few = small_lite.embed(paths[:20])
    monkeypatch.setattr(embedding, "_FEW", 10)
    many = small_lite.embed(paths[:20])
    assert norms(small_lite.folded()) == 0
    assert not np.array_equal(few, many), "another network computed them"
    cosine = (few * many).sum(1) / np.linalg.norm(few, axis=1) / np.linalg.norm(many, axis=1)
    assert cosine.min() > 0.9999
