"""What a backbone wants its images to look like, and where in the image it then looks."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import timm
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.functional import pil_to_tensor

Transform = Callable[[Image.Image], Tensor]
Box = tuple[float, float, float, float]

_REACH = 8  # pixels, of both sides together, that any resampling filter takes in
_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_STRIP = 64  # times what the network sees, from which on a strip is cut before it is scaled


@dataclass(frozen=True)
class DataConfig:
    """The preprocessing a backbone was trained with (timm's "data config").

    Attributes:
        input_size: (channels, height, width) of the network's input, in pixels.
        interpolation: the resampling filter's name, such as `bicubic`.
        mean: what is subtracted from each channel, on a scale of 0 to 1.
        std: what each channel is divided by afterwards.
        crop_pct: share of the resized image's side that the crop keeps.
        crop_mode: `center` (shorter side fitted, middle cut out), `squash` (both sides fitted) or
            `border` (longer side fitted, the rest padded).
    """

    input_size: tuple[int, int, int]
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    crop_pct: float
    crop_mode: str

    @classmethod
    def of_model(cls, model: nn.Module) -> "DataConfig":
        """Take the data config that timm gives for a model."""
        return cls.from_json(timm.data.resolve_model_data_config(model))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "DataConfig":
        """Make one from `to_json()`'s (or timm's) dictionary.

        Raises:
            KeyError, TypeError, ValueError: the dictionary is not one.
        """
        channels, height, width = (int(side) for side in values["input_size"])
        return cls(
            input_size=(channels, height, width),
            interpolation=str(values["interpolation"]),
            mean=tuple(float(value) for value in values["mean"]),
            std=tuple(float(value) for value in values["std"]),
            crop_pct=float(values["crop_pct"]),
            crop_mode=str(values["crop_mode"]),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the config as plain JSON values."""
        return asdict(self)

    @property
    def resized(self) -> tuple[int, int]:
        """Height and width, in pixels, that the image is scaled towards before the crop."""
        _, height, width = self.input_size
        return math.floor(height / self.crop_pct), math.floor(width / self.crop_pct)

    def crop_box(self, width: int, height: int) -> Box:
        """Say which part of an image the network sees.

        Args:
            width: the image's width in pixels.
            height: its height in pixels.

        Returns:
            (left, top, right, bottom) in the image's own pixels. With `border` the box reaches
            beyond the image where padding was added.
        """
        goal_height, goal_width = self.resized
        across, down = goal_width / width, goal_height / height
        if self.crop_mode == "border":
            across = down = min(across, down)
        elif self.crop_mode != "squash":
            across = down = max(across, down)
        crop_width, crop_height = self.input_size[2] / across, self.input_size[1] / down
        left, top = (width - crop_width) / 2, (height - crop_height) / 2
        return left, top, left + crop_width, top + crop_height


def within_reach(image: Image.Image, config: DataConfig) -> Image.Image:
    """Bring strips of pixels into a shape that scaling can take; all else comes back as it is.

    Scaled to 224 pixels on its shorter side, 1 x 1,000,000 pixels are 50 gigapixels, of which a
    centre crop throws nearly all away: that is cut off beforehand, where an image is more than 64
    times as long as what the network sees. Scaled to that on its longer side (`border`), it would
    have no width left: it keeps one pixel.
    """
    height, width = config.resized
    across, down = image.width / width, image.height / height
    if config.crop_mode == "border":
        scale = max(across, down)
        if min(image.size) >= scale:
            return image
        return image.resize(
            (max(1, round(image.width / scale)), max(1, round(image.height / scale)))
        )
    scale = min(across, down)
    if config.crop_mode == "squash" or max(across, down) <= _STRIP * scale:
        return image
    # Twice what is seen is kept, and some pixels: so no edge comes into the filter's reach.
    left = math.floor(max(0.0, image.width - 2 * width * scale - _REACH) / 2)
    top = math.floor(max(0.0, image.height - 2 * height * scale - _REACH) / 2)
    return image.crop((left, top, image.width - left, image.height - top))


def make_transform(config: DataConfig) -> Transform:
    """Build timm's evaluation transform: resize and crop, no normalisation yet.

    Pixels stay 8-bit until they are on the device (`normalise`): a quarter of the memory to hold
    and to move.

    Returns:
        A function from an RGB image to a uint8 tensor (3, height, width). Threads may share it.
    """
    _, height, width = config.input_size
    if config.crop_mode == "center" and height == width and config.interpolation in _FILTERS:
        return partial(_transformed, config, partial(_scaled_middle, config))
    transform: Transform = timm.data.create_transform(
        input_size=config.input_size,
        interpolation=config.interpolation,
        crop_pct=config.crop_pct,
        crop_mode=config.crop_mode,
        mean=config.mean,
        std=config.std,
        is_training=False,
        normalize=False,
    )
    return partial(_transformed, config, transform)


def _transformed(config: DataConfig, transform: Transform, image: Image.Image) -> Tensor:
    return transform(within_reach(image, config))


def _scaled_middle(config: DataConfig, image: Image.Image) -> Tensor:
    """The middle of an image as timm's transform scales and cuts it, but for rounding.

    Timm scales all of a photograph and then throws four tenths of it away.
    """
    side, shorter, shortest = config.input_size[1], config.resized[0], min(image.size)
    width, height = (
        shorter if long == shortest else shorter * long // shortest for long in image.size
    )
    left, top = round((width - side) / 2), round((height - side) / 2)
    across, down = image.width / width, image.height / height
    box = (left * across, top * down, (left + side) * across, (top + side) * down)
    return pil_to_tensor(image.resize((side, side), _FILTERS[config.interpolation], box))


def normalise(pixels: Tensor, config: DataConfig) -> Tensor:
    """Turn pixels (n, 3, height, width) of 0 to 255 into the network's input: float32, channels last."""
    mean = torch.tensor(config.mean, device=pixels.device).view(1, -1, 1, 1)
    std = torch.tensor(config.std, device=pixels.device).view(1, -1, 1, 1)
    inputs = torch.empty_like(pixels, dtype=torch.float32, memory_format=torch.channels_last)
    # In place: memory that is asked for anew costs more than the arithmetic.
    return inputs.copy_(pixels).div_(255).sub_(mean).div_(std)
