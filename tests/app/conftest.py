"""A dataset of real images, and the real server in front of which the guard stands."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.app.caller import Caller

SECRET = b"-----BEGIN PRIVATE KEY-----"
COUNT = 60


class Files(NamedTuple):
    """What lies on the disk beside and inside of the dataset.

    Attributes:
        samples: images of the dataset, one for each sample.
        link: a sample that is a symbolic link.
        target: what it points to; no sample.
        mask: the mask of a sample's segmentation.
        thumbnail: a sample's thumbnail.
        neighbour: an image in the samples' folder that is no sample.
        outside: a file that is nobody's but the user's.
    """

    samples: list[Path]
    link: Path
    target: Path
    mask: Path
    thumbnail: Path
    neighbour: Path
    outside: Path


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Scikit-learn's handwritten digits as PNG files, and what is not to be served."""
    from PIL import Image
    from sklearn.datasets import load_digits

    folder = tmp_path_factory.mktemp("photos")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    images = (load_digits().images * 15).astype("uint8")

    def write(path, number):
        Image.fromarray(images[number]).resize((64, 64)).save(path)
        return path

    outside = elsewhere / "id_rsa.png"
    outside.write_bytes(SECRET)
    target = write(elsewhere / "target.png", COUNT)
    link = folder / "link.png"
    link.symlink_to(target)
    return Files(
        samples=[write(folder / f"{number:03d}.png", number) for number in range(COUNT)],
        link=link,
        target=target,
        mask=write(folder / "mask.png", COUNT + 1),
        thumbnail=write(folder / "thumbnail.png", COUNT + 2),
        neighbour=write(folder / "neighbour.png", COUNT + 3),
        outside=outside,
    )


@pytest.fixture(scope="session")
def dataset(home, files):
    """Sixty digits and a link, with workbench's fields; a third labelled, a fifth for testing."""
    import fiftyone as fo
    from sklearn.datasets import load_digits

    from workbench.dataset import schema

    truth = load_digits().target
    dataset = fo.Dataset("app-tests")
    schema.prepare(dataset, "classification", [str(digit) for digit in range(10)])
    samples = []
    for number, path in enumerate([*files.samples, files.link]):
        label, wrong = str(truth[number]), number % 10 == 0
        sample = fo.Sample(filepath=str(path), split="test" if number % 5 == 0 else "pool")
        sample["label_status"] = "labelled" if number % 3 == 0 else "unlabelled"
        if number % 3 == 0:
            sample["ground_truth"] = fo.Classification(label=label)
        sample["prediction"] = fo.Classification(
            label="wrong" if wrong else label, confidence=number / COUNT, margin=1 - number / COUNT
        )
        samples.append(sample)
    samples[1]["segmentation"] = fo.Segmentation(mask_path=str(files.mask))
    samples[1]["thumbnail"] = str(files.thumbnail)
    dataset.add_samples(samples, progress=False)
    dataset.app_config.media_fields = ["filepath", "thumbnail"]
    dataset.save()
    yield dataset
    dataset.delete()


@pytest.fixture(scope="session")
def server(dataset, user_plugins):
    """The server of this process; it lives as long as the process does."""
    from workbench.app.server import start_server

    server = start_server()
    server.wait()
    return server


@pytest.fixture(scope="session")
def user_plugins(home, tmp_path_factory):
    """The folder of the user's own plugins, empty; the server serves what is in it."""
    import fiftyone as fo
    import fiftyone.server.app as server

    folder = tmp_path_factory.mktemp("plugins")
    before, fo.config.plugins_dir = fo.config.plugins_dir, str(folder)
    mount = next(route for route in server.app.routes if getattr(route, "name", "") == "plugins")
    mount.app.directory, mount.app.all_directories = str(folder), [str(folder)]
    yield folder
    fo.config.plugins_dir = before


@pytest.fixture(scope="session")
def call(server):
    """Sends requests to the server exactly as they are written; see `Caller`."""
    return Caller(server.port, server.token)


@pytest.fixture
def app(dataset, server):
    """The App, showing the whole dataset."""
    from workbench.app import open_app

    app = open_app(dataset)
    yield app
    app.session.clear_selected()
    app.show(None)


@pytest.fixture(scope="package")
def dozen(home, tmp_path_factory):
    """Twelve of the bundled digits in a folder."""
    import workbench as wb

    folder = tmp_path_factory.mktemp("dozen")
    for path in sorted(wb.digits(home).glob("*/*.png"))[:12]:
        shutil.copy(path, folder)
    return folder
