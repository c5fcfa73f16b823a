"""A backbone: any timm network as a function from image files to vectors."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from workbench.errors import BackboneError
from workbench.models.devices import autocast, choose_device, inference_dtype
from workbench.models.embedding import embed_files
from workbench.models.featuremaps import local_embeddings
from workbench.models.folding import fold_batch_norms
from workbench.models.images import read_image
from workbench.models.preprocessing import DataConfig, make_transform, normalise
from workbench.models.runtimes import Network, Route, by_route, fastest
from workbench.models.tensors import fingerprint
from workbench.models.weights import LoadedModel, Weights, load_model

_PREPROCESSING = 3  # raise when read_image or the transform changes what a vector comes out as


def load_backbone(
    name: str = "efficientnet_lite0",
    *,
    weights: Weights = "pretrained",
    device: str | torch.device | None = None,
) -> "Backbone":
    """Load a timm network as a feature extractor.

    Args:
        name: a timm model name, such as `resnet50` or `vit_small_patch14_dinov2.lvd142m`;
            `timm.list_models()` has them all.
        weights: `"pretrained"`; `"random"` for an untrained network (the same one each time); a
            file of weights; or the folder of a checkpoint that fine-tuning wrote. The pretrained
            weights of `efficientnet_lite0` come with the installation, all others from the
            Hugging Face hub or its cache.
        device: where to compute; by default a GPU where there is one, else the CPU.

    Returns:
        The backbone, ready to embed.

    Raises:
        BackboneError: the name is unknown, or the weights cannot be had or do not fit.
    """
    return Backbone(name, load_model(name, weights), choose_device(device))


class Backbone:
    """A pretrained network without its classifier, and the preprocessing it was trained with.

    Attributes:
        name: the timm model's name.
        key: name and hash of everything its vectors depend on (weights, preprocessing): a name for
            the folder that keeps them.
        dim: length of its vectors.
        config: its preprocessing.
        device: where it computes.
        dtype: what it computes in; parameters stay float32.
        pretrained: whether its weights were learned from data.
        arguments: what `timm.create_model` was told beyond the name.
        model: the timm model, in evaluation mode.
    """

    def __init__(self, name: str, loaded: LoadedModel, device: torch.device) -> None:
        self.name = name
        self.config: DataConfig = loaded.config
        self.pretrained = loaded.pretrained
        self.arguments = loaded.arguments
        self.key = _key(name, loaded)
        self.device = device
        self.dtype = inference_dtype(device)
        model = loaded.model.eval().requires_grad_(False)
        self.model: nn.Module = model.to(device=device, memory_format=torch.channels_last)
        # Some networks widen their features once more after pooling (MobileNetV3 and V4).
        self.dim = int(getattr(model, "head_hidden_size", None) or model.num_features)
        self._transform = make_transform(loaded.config)

    def __repr__(self) -> str:
        return f"Backbone({self.key!r}, dim={self.dim}, device={str(self.device)!r})"

    def embed(
        self,
        paths: Sequence[str | Path | Tensor],
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float32]:
        """Embed image files.

        Args:
            paths: the files; an image without one as `preprocess` gives it.
            progress: called with (files done, files in all) after each batch.

        Returns:
            One vector a file, (n, dim), in the order of `paths`.

        Raises:
            ImageError: a file cannot be read; the message names it.
        """
        vectors = np.empty((len(paths), self.dim), dtype=np.float32)
        for rows, block in embed_files(self, paths):
            vectors[rows] = block
            if progress is not None:
                progress(rows.stop, len(paths))
        return vectors

    def feature_map(self, image: Image.Image | str | Path) -> NDArray[np.float32]:
        """Embed each place in an image by itself.

        Args:
            image: an RGB image, or a file.

        Returns:
            (h, w, dim) over the part of the image that the network sees (`config.crop_box`), in
            the space of its embeddings. Where the network averages over places last of all
            (EfficientNet, ResNet, Swin), their mean is the embedding.

        Raises:
            ImageError: the file cannot be read.
            BackboneError: the network keeps no map of places.
        """
        pixels = self.preprocess(image).unsqueeze(0)
        with torch.inference_mode(), autocast(self.device, self.dtype):
            places = local_embeddings(self.model, self.to_input(pixels))
        return _to_numpy(places)

    def preprocess(self, image: Image.Image | str | Path | Tensor) -> Tensor:
        """Read, resize and crop one image: uint8 (3, height, width), on the CPU.

        What it has made already it gives back.
        """
        if isinstance(image, Tensor):
            return image
        if not isinstance(image, Image.Image):
            image = read_image(image, shortest=max(self.config.resized))
        return self._transform(image)

    def to_input(self, pixels: Tensor) -> Tensor:
        """Move uint8 pixels (n, 3, height, width) to the device and normalise them."""
        pixels = pixels.to(self.device, non_blocking=True)
        return normalise(pixels, self.config)

    def folded(self) -> nn.Module:
        """The network as it is now with less to compute, for many images (`folding`)."""
        return fold_batch_norms(self.model, self._example())

    def compiled(self, route: Route | None = None) -> Network:
        """The folded network as it is now in a faster runtime, for very many images (`runtimes`).

        Args:
            route: which; by default the fastest that is there and computes it rightly. On a GPU
                PyTorch is.
        """
        example = self._example()
        folded: Network = fold_batch_norms(self.model, example)
        if self.device.type != "cpu":
            return folded
        if route is None:
            return fastest(folded, example, self.dtype)
        return by_route(folded, example, self.dtype, route)

    def _example(self) -> Tensor:
        """A batch of two that has no meaning."""
        generator = torch.Generator().manual_seed(0)
        shape = (2, *self.config.input_size)
        return self.to_input(torch.randint(256, shape, generator=generator, dtype=torch.uint8))

    def forward(self, pixels: Tensor, network: Network | None = None) -> NDArray[np.float32]:
        """Embed preprocessed images.

        Args:
            pixels: uint8 (n, 3, height, width).
            network: the network, `folded` or `compiled`; by default as it is.

        Returns:
            (n, dim).

        Raises:
            BackboneError: the network gives no vector an image, or one that is not finite.
        """
        vectors = self._run(network or self.model, pixels)
        if not np.isfinite(vectors).all():
            self.dtype = torch.float32  # perhaps it outgrows float16: from here on without
            vectors = self._run(self.model, pixels)
        if vectors.shape != (len(pixels), self.dim):
            raise BackboneError(
                f"{self.name} gives features of shape {vectors.shape} for {len(pixels)} images, "
                f"not one vector of {self.dim} each: choose a backbone that pools"
            )
        if not np.isfinite(vectors).all():
            raise BackboneError(
                f"{self.name} gives vectors that are not finite: its weights are damaged"
            )
        return vectors

    def _run(self, network: Network, pixels: Tensor) -> NDArray[np.float32]:
        with torch.inference_mode(), autocast(self.device, self.dtype):
            return _to_numpy(network(self.to_input(pixels)))


def _to_numpy(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.float().cpu().numpy()
    return array


def _key(name: str, loaded: LoadedModel) -> str:
    depends = {
        "arguments": dict(loaded.arguments),
        "config": loaded.config.to_json(),
        "preprocessing": _PREPROCESSING,
        "weights": fingerprint(loaded.model),
    }
    digest = hashlib.sha256(json.dumps([name, depends], sort_keys=True).encode()).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}-{digest[:12]}"
