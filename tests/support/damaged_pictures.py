"""Damaged PNG and JPEG files: whole, in single chunks with right checksums, and in the entries of EXIF data."""

import io
import random
import struct
import zlib

from PIL import Image, PngImagePlugin

from fuzz import damaged_bytes

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHUNKS = (
    b"IHDR",
    b"PLTE",
    b"tRNS",
    b"gAMA",
    b"iCCP",
    b"pHYs",
    b"tEXt",
    b"zTXt",
    b"iTXt",
    b"eXIf",
    b"acTL",
    b"fcTL",
)
TAGS = (
    0x100,
    0x101,
    0x102,
    0x10E,
    0x111,
    0x112,
    0x11A,
    0x11B,
    0x128,
    0x14A,
    0x2BC,
    0x8769,
    0x8825,
    0x927C,
    0xA005,
)
"""Those that Pillow looks at, and some others."""


def damaged_picture(dice: random.Random) -> bytes:
    content = dice.choice(seeds())(exif(dice))
    way = dice.randrange(3)
    if way == 0:
        return content
    if way == 1 and content.startswith(SIGNATURE):
        return damaged_chunk(content, dice)
    return damaged_bytes(content, dice)


def seeds():
    """Functions from EXIF data to a small picture."""
    noise = Image.effect_noise((40, 30), 60)
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6">')
    pictures = {mode: noise.convert(mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16")}
    pngs = [
        lambda exif, one=one: saved(one, "PNG", exif=exif, pnginfo=text)
        for mode, one in pictures.items()
        if mode != "CMYK"
    ]
    jpegs = [
        lambda exif, one=one, progressive=progressive: saved(one, "JPEG", exif=exif, progressive=progressive)
        for mode, one in pictures.items()
        if mode in ("L", "RGB", "CMYK")
        for progressive in (False, True)
    ]
    palette = [lambda exif: saved(pictures["P"], "PNG", exif=exif, transparency=3)]
    several = [lambda exif: saved(noise, "MPO", exif=exif, save_all=True, append_images=[noise])]
    return pngs + jpegs + palette + several


def saved(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def exif(dice):
    """EXIF data with entries of all types, lengths and places, most of which fit nothing."""
    order = dice.choice("<>")
    entries = [
        (dice.choice(TAGS), dice.randrange(14), dice.choice((0, 1, 1, 1, 2, 9, 2**31)), dice.randbytes(4))
        for _ in range(dice.randrange(8))
    ]
    rotated = (0x112, 3, 1, struct.pack(f"{order}HH", dice.randrange(10), 0))
    rows = [struct.pack(f"{order}HHI4s", *entry) for entry in sorted([*entries, rotated])]
    body = (
        struct.pack(f"{order}H", len(rows))
        + b"".join(rows)
        + struct.pack(f"{order}I", dice.choice((0, 0, 8)))
    )
    head = {"<": b"II*\0\x08\0\0\0", ">": b"MM\0*\0\0\0\x08"}[order]
    return b"Exif\0\0" + head + body + dice.randbytes(dice.randrange(40))


def damaged_chunk(content, dice):
    """A PNG file in which one chunk is damaged, doubled or missing; checksums are right, so it is read."""
    at, chunks = len(SIGNATURE), []
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += length + 12
    which, way = dice.randrange(len(chunks)), dice.randrange(4)
    kind, data = chunks[which]
    if way == 0:
        chunks[which] = (kind, damaged_bytes(data or b"\0", dice))
    elif way == 1:
        chunks.insert(dice.randrange(len(chunks)), (dice.choice(CHUNKS), dice.randbytes(dice.randrange(60))))
    elif way == 2:
        chunks.insert(dice.randrange(len(chunks)), chunks[which])
    else:
        del chunks[which]
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
