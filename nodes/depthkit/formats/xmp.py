"""XMP in JPEG files: standard and extended packets, written and read. Knows nothing about depth."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from ..errors import FormatError

__all__ = ["insert", "packet", "packets", "parse", "properties", "segments", "structures"]

_STANDARD = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NOTE = "http://ns.adobe.com/xmp/note/"
_PIECE = 65_400
_MAX_EXTENDED = 1 << 28
_APP1, _SCAN, _END = 0xE1, 0xDA, 0xD9
_BARE = frozenset((0x01, *range(0xD0, 0xD8)))


def packet(names: Mapping[str, str], attributes: Mapping[str, str]) -> str:
    """An XMP packet with one description. names: prefix -> namespace."""
    spaces = " ".join(f"xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in names.items())
    values = " ".join(f"{key}={quoteattr(value)}" for key, value in attributes.items())
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{_RDF}"><rdf:Description rdf:about="" {spaces} {values}/>'
        "</rdf:RDF></x:xmpmeta>"
    )


def insert(jpeg: bytes, main: str, extended: str) -> bytes:
    """The JPEG with both packets, right behind its first segments (APP0, Exif)."""
    body = extended.encode()
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest().upper()
    note = f'<rdf:Description rdf:about="" xmlns:xmpNote="{_NOTE}" '
    note += f'xmpNote:HasExtendedXMP="{digest}"/></rdf:RDF>'
    parts = [_segment(_STANDARD + main.replace("</rdf:RDF>", note).encode())]
    for start in range(0, len(body), _PIECE):
        head = _EXTENSION + digest.encode() + struct.pack(">II", len(body), start)
        parts.append(_segment(head + body[start : start + _PIECE]))
    place = _after_first_segments(jpeg)
    return jpeg[:place] + b"".join(parts) + jpeg[place:]


def _segment(body: bytes) -> bytes:
    if len(body) > 65_533:
        raise FormatError("The description of the depth is too long for a JPEG segment.")
    return struct.pack(">BBH", 0xFF, _APP1, len(body) + 2) + body


def _after_first_segments(jpeg: bytes) -> int:
    place = 2
    for marker, start, end in segments(jpeg):
        if marker not in (0xE0, _APP1):
            break
        place = end if start >= 0 else place
    return place


def segments(jpeg: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start of the body, end) of each segment before the image data."""
    place = 2
    while place + 4 <= len(jpeg) and jpeg[place] == 0xFF:
        marker = jpeg[place + 1]
        if marker == 0xFF or marker in _BARE:
            place += 1 if marker == 0xFF else 2
            continue
        if marker in (_SCAN, _END):
            return
        (length,) = struct.unpack_from(">H", jpeg, place + 2)
        if length < 2:
            return
        yield marker, place + 4, place + 2 + length
        place += 2 + length


def properties(jpeg: bytes) -> dict[str, str]:
    """Every simple property of both packets: "{namespace}name" -> text, in document order.

    A property that occurs several times (items of a container) keeps its first value; see
    `structures` for those.
    """
    found: dict[str, str] = {}
    for text in packets(jpeg):
        for element in parse(text).iter():
            for key, value in element.attrib.items():
                found.setdefault(key, value)
            if len(element) == 0 and element.text and element.text.strip():
                found.setdefault(element.tag, element.text.strip())
    return found


def structures(text: str) -> list[dict[str, str]]:
    """Of every element its simple properties by local name, written as attributes or as elements.

    An element with no property of its own is left out.
    """
    found: list[dict[str, str]] = []
    for element in parse(text).iter():
        own = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        for child in element:
            if len(child) == 0 and child.text and child.text.strip():
                own.setdefault(child.tag.rpartition("}")[2], child.text.strip())
        if own:
            found.append(own)
    return found


def packets(jpeg: bytes) -> list[str]:
    """The standard packet and the joined extended one, where present."""
    bodies = [jpeg[start:end] for marker, start, end in segments(jpeg) if marker == _APP1]
    texts = [b[len(_STANDARD) :] for b in bodies if b.startswith(_STANDARD)]
    pieces = [b[len(_EXTENSION) :] for b in bodies if b.startswith(_EXTENSION)]
    if pieces:
        texts.append(_join(pieces))
    return [text.decode("utf-8", "replace").strip("\0 \n") for text in texts]


def _join(pieces: list[bytes]) -> bytes:
    """Pieces placed by their own offsets; all must belong to one packet."""
    guid = pieces[0][:32]
    total = sum(len(p) - 40 for p in pieces if p[:32] == guid)
    joined = bytearray(min(total, _MAX_EXTENDED))
    for piece in pieces:
        if piece[:32] != guid or len(piece) < 40:
            continue
        _, start = struct.unpack(">II", piece[32:40])
        if start + len(piece) - 40 > len(joined):
            raise FormatError("The extended XMP of this photo has missing pieces.")
        joined[start : start + len(piece) - 40] = piece[40:]
    return bytes(joined)


def parse(text: str) -> ElementTree.Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise FormatError("The photo's XMP declares entities; such files are refused.")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise FormatError(f"The photo's XMP cannot be read ({error}).") from error
