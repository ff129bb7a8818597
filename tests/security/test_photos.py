"""What somebody calls a photo may be anything at all: only pixels of ours are kept."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from app.shared.errors import InvalidInput
from app.threads import photos
from tests.pictures import CARRIED, huge_png, packed, photo, telling_photo, telling_png


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_drawn_anew_as_a_jpeg(kind: str) -> None:
    drawn = photos.draw(f"mug.{kind.lower()}", photo(40, 30, kind))

    assert (drawn.name, drawn.media_type) == ("mug.jpg", "image/jpeg")
    assert (drawn.width, drawn.height) == (40, 30) == opened(drawn.content).size
    assert opened(drawn.content).format == "JPEG"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_can_be_seen_through_stays_so(kind: str) -> None:
    drawn = photos.draw("logo", packed(Image.new("RGBA", (9, 9), (200, 0, 0, 60)), kind))

    assert (drawn.name, drawn.media_type) == ("logo.png", "image/png")
    assert opened(drawn.content).getpixel((4, 4))[3] == 60


def test_transparency_that_hides_nothing_is_none() -> None:
    drawn = photos.draw("full.png", packed(Image.new("RGBA", (9, 9), (200, 0, 0, 255)), "PNG"))

    assert drawn.media_type == "image/jpeg"


def test_a_photo_stands_upright_and_carries_nothing() -> None:
    sent = telling_photo()
    assert all(word.encode() in sent for word in CARRIED[:3])

    drawn = photos.draw("held.jpg", sent)

    picture = opened(drawn.content)
    assert picture.size == (20, 40)
    assert picture.getpixel((10, 2))[1] < 90
    assert picture.getpixel((10, 37))[1] > 200
    assert not any(word.encode() in drawn.content for word in CARRIED)
    assert not picture.getexif()
    assert "comment" not in picture.info


def test_a_png_carries_nothing_either() -> None:
    sent = telling_png()
    assert b"SECRET-TEXT" in sent

    assert b"SECRET" not in photos.draw("a.png", sent).content


def test_a_large_photo_becomes_smaller_and_keeps_its_shape() -> None:
    drawn = photos.draw("wide.jpg", photo(4000, 1000))

    assert (drawn.width, drawn.height) == (2000, 500)


def test_noise_gets_smaller_until_it_can_be_kept() -> None:
    size = 1200
    noise = Image.frombytes("RGBA", (size, size), random.Random(1).randbytes(size * size * 4))

    drawn = photos.draw("noise.png", packed(noise, "PNG", compress_level=1))

    assert len(drawn.content) <= photos.HEAVIEST
    assert drawn.width == drawn.height == 1000


def test_what_hides_behind_a_picture_is_left_behind() -> None:
    hidden = b"<script>alert(1)</script><?php system('id'); ?>PK\x03\x04"

    for kind in ("JPEG", "PNG", "WEBP"):
        drawn = photos.draw("both.jpg", photo(kind=kind) + hidden)
        assert hidden not in drawn.content
        assert b"<script" not in drawn.content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0 cut off",
        b"GIF89a<script>",
        photo(kind="GIF"),
        photo(kind="BMP"),
        photo(kind="TIFF"),
        photo(kind="ICO"),
        photo(400, 400)[:300],
    ],
)
def test_what_is_no_photo_is_refused_by_its_name(content: bytes) -> None:
    with pytest.raises(InvalidInput) as refusal:
        photos.draw("crack.jpg", content)

    assert refusal.value.fields["photos"].startswith("crack.jpg cannot be read as a JPEG, PNG")


@pytest.mark.parametrize("size", [(8000, 5001), (30_000, 30_000), (60_000, 60_000)])
def test_a_bomb_is_refused_before_a_pixel_is_made(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        photos.draw("bomb.png", huge_png(*size))

    assert "more than 40 million pixels" in refusal.value.fields["photos"]


def test_a_file_that_is_too_heavy_is_refused_unread() -> None:
    with pytest.raises(InvalidInput) as refusal:
        photos.draw("heavy.jpg", photo() + b"\0" * photos.MOST_BYTES)

    assert "heavy.jpg is larger than 8 MB." in refusal.value.fields["photos"]


# Pillow warns of what it skips; what it does not skip is what counts.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_broken_file_is_refused_and_breaks_nothing(kind: str) -> None:
    chance, sound = random.Random(7), telling_photo() if kind == "JPEG" else photo(kind=kind)
    for _ in range(150):
        broken = bytearray(sound)
        for _ in range(chance.randint(1, 12)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            drawn = photos.draw("broken", bytes(broken))
        except InvalidInput:
            continue
        assert opened(drawn.content).size == (drawn.width, drawn.height)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\crack.jpg", "crack.jpg"),
        ('a"; filename="b.html', "a filename=b.html"),
        ("line\r\nbreak.png", "linebreak.png"),
        ("\u202egpj.exe", "gpj.exe"),
        ("", "photo"),
        ("...", "photo"),
        ("x" * 300 + ".jpeg", "x" * 60 + ".jpeg"),
    ],
)
def test_a_files_name_is_shown_and_nothing_more(name: str, shown: str) -> None:
    assert photos.shown_name(name) == shown
