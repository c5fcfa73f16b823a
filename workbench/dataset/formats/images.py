"""The images that a file of labels may speak of, found by the names it has for them."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from workbench.dataset.boxdocuments import Size
from workbench.dataset.keypoints import Skeleton
from workbench.decoding import upright_size
from workbench.errors import ImageError


class Images:
    """The files below a folder, by name.

    A name is only ever looked up here, so whatever stands in a file of labels opens nothing else.

    Args:
        root: the folder.
        paths: absolute paths of the files below it.
        outlined: whether the outlines of their objects are wanted, not only boxes.
        pointed: whether their named points are.
        skeleton: which points these are; None takes those of the file.
    """

    def __init__(
        self,
        root: Path,
        paths: Sequence[Path],
        *,
        outlined: bool = False,
        pointed: bool = False,
        skeleton: Skeleton | None = None,
    ) -> None:
        self.outlined = outlined
        self.pointed = pointed
        self.skeleton = skeleton
        self.root = root.expanduser().absolute()
        self._paths = set(paths)
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in paths:
            self._by_name[path.name].append(path)
        self._sizes: dict[Path, Size | None] = {}

    def find(self, name: str) -> list[Path]:
        """The files that a name can mean: none, one, or several.

        Args:
            name: absolute, or the end of a path; one that says more than the path below `root`
                means the file if the path below `root` is its end.
        """
        wanted = PurePosixPath(name.replace("\\", "/"))
        if Path(wanted) in self._paths:
            return [Path(wanted)]
        below = self.root / wanted
        if ".." not in wanted.parts and below in self._paths:
            return [below]
        parts = tuple(part for part in wanted.parts if part != ".")
        return [path for path in self._by_name.get(wanted.name, ()) if self._ends(path, parts)]

    def size(self, path: Path) -> Size | None:
        """Upright width and height in pixels; None for a file that is no image."""
        if path not in self._sizes:
            try:
                self._sizes[path] = upright_size(path)
            except ImageError:
                self._sizes[path] = None
        return self._sizes[path]

    def _ends(self, path: Path, parts: tuple[str, ...]) -> bool:
        below = path.relative_to(self.root).parts
        shorter = min(len(below), len(parts))
        return shorter > 0 and below[-shorter:] == parts[-shorter:]
