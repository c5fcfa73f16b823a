"""Canvas layers under the labelling viewport, drawn from Python with ipycanvas."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

HEAT, FREE = 0, 1
_COLOUR = (230, 159, 0)  # orange of the Okabe-Ito palette, seen by colour-blind eyes too


def two_layers(side: int) -> Any:
    """A MultiCanvas of two square layers, or None where ipycanvas is not installed.

    The viewport stretches it over the image, so its side only decides how fine the drawing is.
    """
    try:
        from ipycanvas import MultiCanvas
    except ImportError:
        return None
    return MultiCanvas(2, width=side, height=side)


def paint_heat(layers: Any, heat: NDArray[np.float32]) -> None:
    """Paint a map of 0 to 1 as transparent orange onto the first layer.

    Args:
        layers: from `two_layers`.
        heat: (side, side).
    """
    from ipycanvas import hold_canvas

    rgba = np.empty((*heat.shape, 4), dtype=np.uint8)
    rgba[..., :3] = _COLOUR
    # Weak evidence is left out: a veil over the whole image says nothing.
    rgba[..., 3] = np.clip((heat - 0.2) / 0.8, 0, 1) * 165
    # RGBA, for RGB data goes through a lossy route; nothing in the block raises, for an exception
    # inside hold_canvas would leave the canvas holding for ever.
    with hold_canvas(layers):
        layers[HEAT].clear()
        layers[HEAT].put_image_data(rgba, 0, 0)
