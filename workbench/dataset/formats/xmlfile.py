"""XML of others, read so that it can do no harm, and ours written so that it can be read."""

import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, indent

import defusedxml.ElementTree as Safe
from defusedxml.common import DefusedXmlException

from workbench.errors import FormatError

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse(path: Path) -> Element:
    """The root of an XML file.

    Raises:
        FormatError: it cannot be read, or declares entities, with which a small file can fill the
            memory.
    """
    try:
        return Safe.parse(path).getroot()  # type: ignore[no-any-return]
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except DefusedXmlException as error:
        raise FormatError(f"{path} declares entities, which are not read: take them out") from error
    except (SyntaxError, ValueError, RecursionError) as error:
        raise FormatError(f"{path} is no XML that can be read ({error}): export it anew") from error


def save(root: Element, path: Path) -> None:
    """Write a tree.

    Raises:
        FormatError: a text in it has a character that XML has no way to write.
    """
    for element in root.iter():
        for text in (element.text or "", *element.attrib.values()):
            if found := _FORBIDDEN.search(text):
                raise FormatError(
                    f"{text[:40]!r} has the character {found.group()!r}, which XML cannot hold: "
                    "rename it, or export to coco or fiftyone"
                )
    indent(root)
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def number(text: Any) -> float | str:
    """A number of an XML file; what is none stays as it is, for whoever checks it."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return str(text)


def plain(value: float) -> str:
    """A number as short as it comes back to the last bit: whole ones without a point."""
    return str(int(value)) if value == int(value) else repr(float(value))
