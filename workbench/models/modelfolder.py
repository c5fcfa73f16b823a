"""A model's folder on disk: one safetensors file, one JSON file, a card for people. No pickle.

`model.json` is what makes a folder a model: it is put in place last, whole, and names the hash of the
weights. So whoever is killed, or runs out of disk, leaves what was there before. It carries its own
hash too, and is only read if it is byte for byte what was written. That finds damage and careless
edits; it proves nothing of who wrote it.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from workbench.errors import BackboneError

FORMAT = 2
DESCRIPTION, CARD = "model.json", "README.md"
# Two names take turns where a model is overwritten, so that the old weights stay until the last.
_WEIGHTS = ("model.safetensors", "model.1.safetensors")
_OLD_DESCRIPTION, _OLD_WEIGHTS = "checkpoint.json", "model.safetensors"  # format 1
_MOST_JSON = 64 << 20  # bytes; that of a thousand classes has half a million
_MOST_CARD = 1 << 20
_ROOM = 16 << 20  # bytes that a weight file may have beyond its tensors, for their names
_STAGE = ".partial-"


def require_free(folder: Path, *, overwrite: bool = False) -> None:
    """Make a folder that a model can be written to, before the work that fills it.

    Args:
        folder: made if it does not exist.
        overwrite: whether a model may be there already.

    Raises:
        BackboneError: something is there already, or the folder cannot be made.
    """
    require_untaken(folder, overwrite=overwrite)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BackboneError(
            f"the folder {folder} cannot be made ({error.strerror}): choose another"
        ) from error


def require_untaken(folder: Path, *, overwrite: bool = False) -> None:
    """Check that a model may be written to a folder, which need not exist.

    Raises:
        BackboneError: something is there already, or the folder cannot be listed.
    """
    try:
        names = {path.name for path in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError) as error:
        if folder.is_file():
            raise BackboneError(f"{folder} is a file: choose a folder for the model") from error
        return
    except OSError as error:
        raise BackboneError(
            f"the folder {folder} cannot be listed ({error.strerror}): choose another"
        ) from error
    if overwrite and DESCRIPTION in names:
        return
    # What a killed writer left behind is in nobody's way.
    left = {name for name in names - {*_WEIGHTS} if not name.startswith(_STAGE)}
    if left:
        holds = (
            "a model: save_model(folder, overwrite=True) replaces it"
            if DESCRIPTION in left
            else "what is no model"
        )
        raise BackboneError(f"{folder} is not empty: choose a new folder (it holds {holds})")


def write_folder(
    folder: Path,
    values: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    card: str,
    *,
    overwrite: bool = False,
) -> None:
    """Write a model; it is there whole or not at all, and until then what was there before.

    Files of others in the folder are left alone.

    Args:
        folder: where to; must not exist or be empty, unless `overwrite`.
        values: what `model.json` says besides format and hashes: JSON values, finite numbers.
        tensors: the weights, by name.
        card: Markdown for `README.md`.
        overwrite: whether a model that is there may be replaced.

    Raises:
        BackboneError: the folder is taken or cannot be written to.
        ValueError: `values` are no JSON.
    """
    folder = folder.expanduser().resolve()
    blob = save(_apart(tensors))
    about = {"bytes": len(blob), "sha256": hashlib.sha256(blob).hexdigest()}
    made = not folder.exists()
    require_free(folder, overwrite=overwrite)
    try:
        with _alone_in(folder):
            require_untaken(folder, overwrite=overwrite)  # another may have been first
            name, other = _names(folder)
            content = _sealed({"format": FORMAT, **values, "weights": {"file": name, **about}})
            _put(folder, {name: blob, DESCRIPTION: content, CARD: card.encode()}, name, other)
    except OSError as error:
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise BackboneError(
            f"the model {folder} could not be written ({error.strerror}): free some space or "
            "choose another folder"
        ) from error


def read_values(folder: Path) -> dict[str, Any]:
    """Read what a folder's JSON file says, of this format or the one before.

    Raises:
        BackboneError: the folder holds no model, of a format that is read here, or the file is not
            the one that was written.
    """
    path = folder / DESCRIPTION
    if not path.exists() and (folder / _OLD_DESCRIPTION).exists():
        path = folder / _OLD_DESCRIPTION
    try:
        content = _read(path, _MOST_JSON)
    except OSError as error:
        raise BackboneError(
            f"{folder} holds no model or checkpoint ({path.name}: {error.strerror}): pass the "
            "folder that saving or training wrote"
        ) from error
    try:
        values: Any = json.loads(content, parse_constant=_not_json)
        expected = 1 if path.name == _OLD_DESCRIPTION else FORMAT
        found = values.get("format") if isinstance(values, dict) else None
        if found != expected:
            raise BackboneError(
                f"{path} has format {found!r}, and this version reads {expected}: open it with the "
                "version that wrote it, or train again"
            )
        if expected == FORMAT and content != _sealed(_without_seal(values)):
            raise _changed(path)
    except (ValueError, RecursionError) as error:
        raise BackboneError(
            f"{path} is not JSON ({error}): it was damaged; restore it, or train again"
        ) from error
    return dict(_without_seal(values))


def read_tensors(folder: Path, values: Mapping[str, Any], most: int) -> dict[str, Tensor]:
    """Read the weights that a folder's JSON file speaks of.

    Args:
        folder: the folder.
        values: what `read_values` read there.
        most: bytes that the tensors may take; a larger file is refused unread.

    Raises:
        BackboneError: the file is missing, too large, or not the one that was written.
    """
    path, digest, size = _weights_in(folder, values)
    try:
        blob = _read(path, most + _ROOM, size)
    except OSError as error:
        raise BackboneError(
            f"{path} cannot be read ({error.strerror}): restore it, or train again"
        ) from error
    if hashlib.sha256(blob).hexdigest() != digest:
        raise _changed(path)
    try:
        return dict(load(blob))
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise BackboneError(
            f"{path} is no safetensors file ({error}): restore it, or train again"
        ) from error


def read_card(folder: Path) -> str:
    """The Markdown beside a model, as it is now; empty where there is none."""
    try:
        return _read(folder / CARD, _MOST_CARD).decode(errors="replace")
    except (OSError, BackboneError):
        return ""


def _names(folder: Path) -> tuple[str, str]:
    """What to call new weights, and the other name, which those in use may have."""
    first, second = _WEIGHTS
    try:
        used = read_values(folder)["weights"]["file"]
    except (BackboneError, KeyError, TypeError):
        used = None  # nothing there can be read, so nothing can be lost
    return (second, first) if used == first else (first, second)


def _put(folder: Path, files: Mapping[str, bytes], weights: str, other: str) -> None:
    """Put a model's files in place; its JSON file last of those that it needs."""
    for left in folder.glob(f"{_STAGE}*"):
        shutil.rmtree(left, ignore_errors=True)
    stage = folder / f"{_STAGE}{secrets.token_hex(4)}"
    stale = weights
    try:
        stage.mkdir()
        for name, content in files.items():
            _write(stage / name, content)
        (stage / weights).replace(folder / weights)
        _sync(folder)  # the weights' name has to be on disk before what speaks of them
        (stage / DESCRIPTION).replace(folder / DESCRIPTION)
        stale = other
        (stage / CARD).replace(folder / CARD)
        _sync(folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        with suppress(OSError):
            (folder / stale).unlink()


def _weights_in(folder: Path, values: Mapping[str, Any]) -> tuple[Path, str, int | None]:
    """Where the weights are, their hash, and how many bytes, where that is known."""
    try:
        if values["format"] != FORMAT:
            return folder / _OLD_WEIGHTS, str(values["sha256"][_OLD_WEIGHTS]), None
        about = values["weights"]
        if about["file"] not in _WEIGHTS:  # a path could lead anywhere
            raise ValueError(f"its weights are in {about['file']!r}")
        return folder / about["file"], str(about["sha256"]), int(about["bytes"])
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise BackboneError(
            f"what stands in {folder} does not describe a model ({error!r}): restore it, or train "
            "again"
        ) from error


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as safetensors takes them: on the CPU, contiguous, none sharing its memory."""
    out: dict[str, Tensor] = {}
    taken: set[int] = set()
    for name, tensor in tensors.items():
        flat = tensor.detach().cpu().contiguous()
        out[name] = flat.clone() if flat.untyped_storage().data_ptr() in taken else flat
        taken.add(flat.untyped_storage().data_ptr())
    return out


def _sealed(values: Mapping[str, Any]) -> bytes:
    """JSON that ends in the hash of all that stands before."""
    seal = hashlib.sha256(_dumped(values)).hexdigest()
    return _dumped({**values, "sha256": seal})


def _without_seal(values: Mapping[str, Any]) -> Mapping[str, Any]:
    if values["format"] != FORMAT:
        return values
    return {key: value for key, value in values.items() if key != "sha256"}


def _dumped(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, indent=1, allow_nan=False).encode() + b"\n"


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _changed(path: Path) -> BackboneError:
    return BackboneError(
        f"{path} is not the file that was written (its SHA-256 differs from the one kept with it): "
        "it was damaged or changed; restore it, or train again"
    )


def _read(path: Path, most: int, size: int | None = None) -> bytes:
    """Read a regular file of at most so many bytes, of exactly `size` where that is given.

    Raises:
        BackboneError: it is a link, no regular file, or of another size.
        OSError: it cannot be read.
    """
    if path.is_symlink():  # whatever it leads to, nobody has vouched for
        raise BackboneError(f"{path} is a link: put the file itself there")
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise BackboneError(f"{path} is no regular file: restore it, or train again")
        if size is not None and status.st_size != size:
            raise BackboneError(
                f"{path} has {status.st_size} bytes, not the {size} that were written: it was cut "
                "off or changed; restore it, or train again"
            )
        if status.st_size > most:
            raise BackboneError(
                f"{path} has {status.st_size} bytes, where at most {most} belong: it was not "
                "written here; restore it, or train again"
            )
        return file.read(status.st_size)


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder against other writers, which wait."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
