"""A program of its own: writes the pages of PDFs anew, with what is drawn on them and nothing else.

What somebody sends as a PDF may hold programs, other files, and things that happen by themselves,
some of it packed where no search finds it. So nothing of the file is kept but its pages' sizes,
drawings, fonts and pictures. It runs beside the application (`pages`), with little time and memory
and without its secrets: a file that harms it harms nothing else.

In: a line of JSON {"sizes": [bytes of each part], "places": [after how many pages of the first each
other comes]}, then the parts; the first may be empty. Out: a line of JSON {"failed": {part: why}},
then the PDF.
"""

from __future__ import annotations

import io
import json
import logging
import resource
import sys
import zlib
from collections.abc import Sequence

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.errors import FileNotDecryptedError
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    EncodedStreamObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    RectangleObject,
    StreamObject,
)

MIB = 1024 * 1024
SECONDS, MOST_MEMORY = 8, 1024 * MIB
# A label has a page or two, and some dozen objects; our own papers have more.
MOST_PAGES, MOST_OBJECTS, DEEPEST = 8, 5_000, 40
# So large its streams may unfold: pictures of several pages at 600 dots an inch.
MOST_UNFOLDED = 128 * MIB
# Nobody prints on less than a stamp, or on more than two meters.
SMALLEST, LARGEST = 36.0, 5_700.0
DRAWN = ("/Font", "/XObject", "/ExtGState", "/ColorSpace", "/Pattern", "/Shading", "/Properties")
# Where every name is its author's own: a font may be called as an action is.
NAMED = frozenset({*DRAWN, "/CharProcs", "/Colorants"})
# What is in no drawing, or leads out of it: actions, files, notes, and whose part it is.
LEFT_OUT = frozenset(
    {
        *("/A", "/AA", "/OpenAction", "/JS", "/JavaScript", "/Launch", "/Next", "/URI"),
        *("/EF", "/AF", "/EmbeddedFile", "/EmbeddedFiles", "/RichMedia", "/XFA", "/AcroForm"),
        *("/Annots", "/Names", "/Dests", "/Metadata", "/PieceInfo", "/OPI", "/Ref", "/Alternates"),
        *("/OC", "/Parent", "/StructParent", "/StructParents", "/LastModified"),
    }
)
# Of a stream besides: that it lies in another file.
OF_A_STREAM = LEFT_OUT | {"/Length", "/F", "/FFilter", "/FDecodeParms", "/DL"}


class Refused(Exception):
    """A part cannot be had: `why` is a code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Copy:
    """Objects of one file as they are written to another, each once."""

    def __init__(self, writer: PdfWriter, most_objects: int = MOST_OBJECTS) -> None:
        self.writer = writer
        self.left, self.room = most_objects, MOST_UNFOLDED
        self.known: dict[tuple[int, int], IndirectObject] = {}

    def of(
        self, found: PdfObject | None, depth: int = 0, without: frozenset[str] = LEFT_OUT
    ) -> PdfObject | None:
        """Return an object as it is written; None where nothing of it is."""
        if isinstance(found, IndirectObject):
            return self._shared(found, depth, without)
        if depth > DEEPEST:
            raise Refused("heavy")
        if isinstance(found, StreamObject):
            return self.writer._add_object(self._stream(found, depth))  # noqa: SLF001 - pypdf's own way
        if isinstance(found, DictionaryObject):
            return self._filled(DictionaryObject(), found, without, depth)
        if isinstance(found, ArrayObject):
            return self._row(found, depth)
        return found

    def _shared(
        self, found: IndirectObject, depth: int, without: frozenset[str]
    ) -> PdfObject | None:
        key = found.idnum, found.generation
        if key in self.known:
            return self.known[key]
        meant = found.get_object()
        self.left -= 1
        if self.left < 0:
            raise Refused("heavy")
        if not isinstance(meant, (DictionaryObject, ArrayObject)):
            return meant
        if isinstance(meant, ArrayObject):
            return self._row(meant, depth + 1)
        # Before what is in it: that may lead back here.
        new = EncodedStreamObject() if isinstance(meant, StreamObject) else DictionaryObject()
        self.known[key] = self.writer._add_object(new)  # noqa: SLF001 - the same
        if isinstance(meant, StreamObject):
            self._stream(meant, depth + 1, new)
        else:
            self._filled(new, meant, without, depth + 1)
        return self.known[key]

    def _filled(
        self, new: DictionaryObject, found: DictionaryObject, without: frozenset[str], depth: int
    ) -> DictionaryObject:
        for name in found:
            if name not in without:
                inside = frozenset[str]() if name in NAMED else LEFT_OUT
                copied = self.of(found.raw_get(name), depth + 1, inside)
                if copied is not None:
                    new[NameObject(name)] = copied
        return new

    def _row(self, found: ArrayObject, depth: int) -> ArrayObject:
        copied = (self.of(one, depth + 1) for one in found)
        return ArrayObject([one for one in copied if one is not None])

    def _stream(
        self, found: StreamObject, depth: int, new: DictionaryObject | None = None
    ) -> StreamObject:
        if "/PS" in {found.get("/Subtype"), found.get("/Subtype2")}:
            # A program for a printer.
            raise Refused("broken")
        made = new if isinstance(new, StreamObject) else EncodedStreamObject()
        self._unfold(found)
        made._data = found._data  # noqa: SLF001 - as it is packed
        self._filled(made, found, OF_A_STREAM, depth)
        return made

    def _unfold(self, found: StreamObject) -> None:
        """Refuse what unfolds to more than any picture: whoever looks at it would have to."""
        if "/FlateDecode" not in str(found.get("/Filter", "")):
            return
        unpack, packed = zlib.decompressobj(), found._data  # noqa: SLF001 - as it is packed
        while packed:
            try:
                self.room -= len(unpack.decompress(packed, MIB))
            except zlib.error:
                # Packed in more than one way, or broken: then nothing unfolds.
                return
            if self.room < 0:
                raise Refused("heavy")
            packed = unpack.unconsumed_tail


def page(copy: Copy, found: PageObject) -> DictionaryObject:
    """Return a page with its size and what is drawn on it."""
    box = found.cropbox
    sides = [float(box.width), float(box.height)]
    if not all(SMALLEST <= side <= LARGEST for side in sides):
        raise Refused("broken")
    new = DictionaryObject({NameObject("/Type"): NameObject("/Page")})
    new[NameObject("/MediaBox")] = RectangleObject([float(side) for side in box])
    if turned := int(found.get("/Rotate", 0)) % 360:
        new[NameObject("/Rotate")] = NumberObject(turned)
    resources = found.get("/Resources")
    drawn = DictionaryObject()
    for name in DRAWN:
        if isinstance(resources, DictionaryObject) and name in resources:
            copied = copy.of(resources.raw_get(name), without=frozenset())
            if copied is not None:
                drawn[NameObject(name)] = copied
    new[NameObject("/Resources")] = drawn
    if "/Contents" in found:
        copied = copy.of(found.raw_get("/Contents"))
        if copied is not None:
            new[NameObject("/Contents")] = copied
    return new


def opened(content: bytes) -> PdfReader:
    """Return a file that can be read."""
    reader = PdfReader(io.BytesIO(content), root_object_recovery_limit=MOST_OBJECTS)
    if reader.is_encrypted:
        raise Refused("encrypted")
    return reader


def _few(reader: PdfReader) -> Sequence[PageObject]:
    if len(reader.pages) > MOST_PAGES:
        raise Refused("pages")
    return reader.pages


def pages(writer: PdfWriter, content: bytes) -> list[DictionaryObject]:
    """Return the pages of a part; Refused says why it has none."""
    try:
        copy = Copy(writer)
        new = [page(copy, one) for one in _few(opened(content))]
    except FileNotDecryptedError:
        raise Refused("encrypted") from None
    except (Refused, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - whatever a broken file makes of its reader
        raise Refused("broken") from None
    if not new:
        raise Refused("broken")
    return new


def bound(parts: Sequence[bytes], places: Sequence[int]) -> tuple[dict[str, str], bytes]:
    """Return which parts failed and why, and all others as one file."""
    writer = PdfWriter()
    failed: dict[str, str] = {}
    sheets: dict[int, list[DictionaryObject]] = {}
    for n, (content, place) in enumerate(zip(parts[1:], places, strict=True), 1):
        try:
            sheets.setdefault(place, []).extend(pages(writer, content))
        except Refused as refusal:
            failed[str(n)] = refusal.why
    ours = opened(parts[0]) if parts[0] else None
    copy = Copy(writer, sys.maxsize)
    copy.room = sys.maxsize
    first = [page(copy, one) for one in ours.pages] if ours else []
    for n in range(len(first) + 1):
        for sheet in (*sheets.get(n, ()), *first[n : n + 1]):
            blank = PageObject(writer, None)
            blank.update(sheet)
            writer.add_page(blank)
    title = ours.metadata.title if ours and ours.metadata else None
    writer.metadata = {"/Title": title} if title else None
    made = io.BytesIO()
    writer.write(made)
    return failed, made.getvalue()


def main() -> None:
    """Read parts, write one file."""
    logging.disable()
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    told = json.loads(sys.stdin.buffer.readline())
    parts = [sys.stdin.buffer.read(size) for size in told["sizes"]]
    failed, made = bound(parts, told["places"])
    sys.stdout.buffer.write(json.dumps({"failed": failed}).encode() + b"\n" + made)


if __name__ == "__main__":
    main()
