"""Real photographs and digits as files, and backbones small enough to be quick."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage
import torch
from PIL import Image
from sklearn.datasets import load_digits

from workbench.models.backbones import Backbone, load_backbone
from workbench.models.weights import load_model


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Threads that wait for a busy core cost more than they bring at these sizes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def photos():
    """The folder of photographs that scikit-image ships."""
    return Path(skimage.__file__).parent / "data"


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """Sixty handwritten digits, 0 to 3, as (paths, targets)."""
    folder = tmp_path_factory.mktemp("digits")
    data = load_digits(n_class=4)
    paths = []
    for place, image in enumerate(data.images[:60]):
        paths.append(folder / f"{place}.png")
        Image.fromarray((image * 255 / 16).astype(np.uint8)).resize((64, 64)).save(paths[-1])
    return paths, data.target[:60]


@pytest.fixture(scope="session")
def lite():
    """The default backbone."""
    return load_backbone()


@pytest.fixture(scope="session")
def small_lite():
    """The default backbone at 64 pixels: a twelfth of the work."""
    loaded = load_model("efficientnet_lite0", "pretrained")
    small = replace(loaded.config, input_size=(3, 64, 64))
    return Backbone("efficientnet_lite0", replace(loaded, config=small), torch.device("cpu"))
