"""Pictures that tests send: sound ones, hostile ones, and ones that carry more than they show."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

# A file that says where it was taken, by whom, with what: none of it may be kept.
CARRIED = ("SECRET-PLACE", "SECRET-DEVICE", "SECRET-COMMENT", "SECRET-TEXT")
GPS = 0x8825


def packed(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """Return a picture as a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def photo(width: int = 40, height: int = 30, kind: str = "JPEG", color: str = "#a03020") -> bytes:
    """Return a plain picture as a file."""
    return packed(Image.new("RGB", (width, height), color), kind)


def telling_photo() -> bytes:
    """Return a photo held sideways, with place, device and comment beside its pixels."""
    picture = Image.new("RGB", (40, 20), "#ffffff")
    # Red on the left: what stands upright has it on top.
    picture.paste("#ff0000", (0, 0, 10, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SECRET-DEVICE"
    exif.get_ifd(GPS)[1] = "SECRET-PLACE"
    exif.get_ifd(GPS)[29] = "SECRET-PLACE"
    return packed(picture, exif=exif, comment=b"SECRET-COMMENT", quality=95)


def telling_png() -> bytes:
    """Return a PNG with words beside its pixels."""
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415 - a plug-in of its own

    told = PngInfo()
    told.add_text("Comment", "SECRET-TEXT")
    return packed(Image.new("RGBA", (20, 20), (10, 20, 30, 90)), "PNG", pnginfo=told)


def huge_png(width: int, height: int) -> bytes:
    """Return a small file that says that it is a huge picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
