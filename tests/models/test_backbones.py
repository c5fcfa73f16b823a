import numpy as np
import pytest
import timm
import torch
from PIL import Image

from workbench.models.backbones import load_backbone

# name, dim, input side, feature map's side
FAMILIES = [
    ("efficientnet_b0", 1280, 224, 7),
    ("mobilenetv4_conv_small", 1280, 224, 7),
    ("vit_tiny_patch16_224", 192, 224, 14),
    ("vit_small_patch14_dinov2.lvd142m", 384, 518, 37),
    ("convnext_atto", 320, 224, 7),
    ("swin_tiny_patch4_window7_224", 768, 224, 7),
]
AVERAGING = {"efficientnet_b0", "swin_tiny_patch4_window7_224"}


@pytest.mark.parametrize(("name", "dim", "side", "places"), FAMILIES)
def test_families_embed_as_timm_does(photos, name, dim, side, places):
    backbone = load_backbone(name, weights="random", device="cpu")
    path = photos / "chelsea.png"
    vector = backbone.embed([path])[0]
    assert vector.dtype == np.float32
    assert vector.shape == (backbone.dim,) == (dim,)
    assert backbone.config.input_size == (3, side, side)

    # The same, by the book: timm's own transform, float32.
    transform = timm.data.create_transform(
        **timm.data.resolve_model_data_config(backbone.model), is_training=False
    )
    with torch.inference_mode():
        expected = backbone.model(transform(Image.open(path))[None])[0].numpy()
    assert cosine(vector, expected) > 0.999

    places_seen = backbone.feature_map(path)
    assert places_seen.shape == (places, places, dim)
    if name in AVERAGING:
        assert np.allclose(places_seen.mean((0, 1)), vector, atol=0.02 * np.abs(vector).max())


def test_a_place_is_embedded_where_it_lies(lite, photos):
    # The cat on the left of a gray canvas, then on the right: the map moves along.
    cat = Image.open(photos / "chelsea.png").resize((112, 224))
    maps = []
    for left in (0, 112):
        canvas = Image.new("RGB", (256, 256), "gray")
        canvas.paste(cat, (left + 16, 16))
        energy = lite.feature_map(canvas).std(axis=2)
        maps.append(energy[:, :3].mean() - energy[:, -3:].mean())
    assert maps[0] * maps[1] < 0


def test_key_is_stable_and_tells_weights_apart(lite, tmp_path):
    again = load_backbone()
    untrained = load_backbone(weights="random")
    assert lite.key == again.key
    assert lite.key != untrained.key
    assert untrained.key == load_backbone(weights="random").key
    assert (tmp_path / lite.key).name == lite.key  # a folder's name


def test_network_without_a_map_says_so(photos):
    backbone = load_backbone("pit_ti_224", weights="random")
    assert backbone.embed([photos / "chelsea.png"]).shape == (1, backbone.dim)
    with pytest.raises(Exception, match="keeps no map of places"):
        backbone.feature_map(photos / "chelsea.png")


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
