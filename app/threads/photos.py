"""Photos, drawn anew: what is kept are pixels of ours, and nothing of the file that was sent."""

from __future__ import annotations

import io
import re
import struct
import threading
import zlib
from pathlib import PurePosixPath

from PIL import Image

from app.shared.errors import InvalidInput
from app.threads.contract import Drawn

MIB = 1024 * 1024
MOST_BYTES = 8 * MIB
# A telephone's largest picture; as pixels in memory, this is 160 MB for a moment.
MOST_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
# A camera draws a picture in ten passes at most; each costs as much as a whole picture, however
# few bytes it has, so that a small file of thousands would hold a thread for hours.
PASS, MOST_PASSES = b"\xff\xda", 64
# One at a time in a process: many of the largest at once would take all the memory there is.
ONE_AT_A_TIME = threading.Lock()
# A crack in a mug can be seen at this size. Where noise makes a picture too heavy, it gets smaller.
EDGES = (2000, 1400, 1000, 700)
# What the column takes.
HEAVIEST = 4 * MIB
QUALITY = 85
LONGEST_NAME = 60
# How a camera says that it was held, and how the picture is turned for it.
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What broken or hostile files make decoders raise.
UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    AttributeError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
)
TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def draw(name: str, content: bytes) -> Drawn:
    """Return a photo drawn anew: upright, at most 2000 pixels long, without what it carried."""
    told = shown_name(name)
    if len(content) > MOST_BYTES:
        raise _refusal(told, f"is larger than {MOST_BYTES // MIB} MB.")
    if content.count(PASS) > MOST_PASSES and content.startswith(b"\xff\xd8"):
        raise _refusal(told, "is drawn in too many passes.")
    try:
        with ONE_AT_A_TIME:
            return _drawn(told, content)
    except TOO_LARGE:
        raise _too_many_pixels(told) from None
    except UNREADABLE:
        raise _refusal(told, "cannot be read as a JPEG, PNG or WebP picture.") from None


def shown_name(name: str) -> str:
    """Return the name of a file as it can be shown: no folders, nothing that cannot be seen."""
    last = re.split(r"[/\\]", name)[-1]
    words = "".join(c for c in last if c.isprintable() and c not in '"<>:|?*;').strip(". ")
    path = PurePosixPath(words or "photo")
    return f"{path.stem[:LONGEST_NAME]}{path.suffix[:8]}"


def _refusal(name: str, why: str) -> InvalidInput:
    sentence = f"{name} {why} Nothing was written; choose the photos again."
    return InvalidInput("Nothing was written.", photos=sentence)


def _too_many_pixels(name: str) -> InvalidInput:
    return _refusal(name, f"has more than {MOST_PIXELS // 1_000_000} million pixels.")


def _drawn(name: str, content: bytes) -> Drawn:
    picture = _upright(name, content)
    for edge in EDGES:
        picture = _smaller(picture, edge)
        if len(packed := _packed(picture)) <= HEAVIEST:
            break
    kind, ending = ("image/png", "png") if picture.mode == "RGBA" else ("image/jpeg", "jpg")
    told = f"{PurePosixPath(name).stem}.{ending}"
    return Drawn(told, kind, picture.width, picture.height, packed)


def _upright(name: str, content: bytes) -> Image.Image:
    """Return the first picture of a file as it is looked at."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as sent:
        # Known from the file's head, before a pixel is made.
        if sent.width * sent.height > MOST_PIXELS:
            raise _too_many_pixels(name)
        turn = TURNS.get(sent.getexif().get(ORIENTATION, 1))
        sent.draft("RGB", (EDGES[0], EDGES[0]))
        sent.load()
        picture = _smaller(_plain(sent), EDGES[0])
    return picture.transpose(turn) if turn is not None else picture


def _plain(sent: Image.Image) -> Image.Image:
    """Return the pixels in the one of two ways that we keep: with transparency only if there is."""
    if not sent.has_transparency_data:
        return sent if sent.mode == "RGB" else sent.convert("RGB")
    clear = sent if sent.mode == "RGBA" else sent.convert("RGBA")
    is_opaque = clear.getchannel("A").getextrema() == (255, 255)
    return clear.convert("RGB") if is_opaque else clear


def _smaller(picture: Image.Image, edge: int) -> Image.Image:
    # In place: another copy of the largest would be 160 MB more.
    picture.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    return picture


def _packed(picture: Image.Image) -> bytes:
    # A picture of our own: what stood beside the pixels (place, device, comments) is left behind.
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    packed = io.BytesIO()
    if clean.mode == "RGBA":
        clean.save(packed, "PNG", compress_level=6)
    else:
        clean.save(packed, "JPEG", quality=QUALITY, progressive=True)
    return packed.getvalue()
