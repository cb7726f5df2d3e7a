"""Writes test/fixtures/pictures: small files as people have them, twelve flat patches each (four across, three down).

The files named in KEPT were made by other means and are left as they are. `photograph-pictures.ts` then writes what
Chromium shows of each file.
Run: python reference/make_pictures.py
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from common import ROOT

FOLDER = ROOT / "test" / "fixtures" / "pictures"
KEPT = ["cmyk-nomarker.jpg", "cut-half.jpg", "first-frame-empty.gif", "first-frame-small.gif", "gama-100000-linear.png",
        "pic.avif", "pixel-extraneous.jpg", "progressive-24mp.jpg"]  # fmt: skip

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 255, 255), (255, 0, 255), (255, 255, 0), (255, 255, 255),
           (0, 0, 0), (128, 128, 128), (200, 100, 50), (230, 180, 150), (32, 90, 40)]  # fmt: skip
INKS = [(255, 0, 0, 0), (0, 255, 0, 0), (0, 0, 255, 0), (0, 0, 0, 255), (0, 0, 0, 0), (255, 255, 255, 0),
        (128, 0, 0, 0), (0, 0, 0, 128), (50, 100, 150, 20), (200, 100, 50, 80), (20, 30, 60, 10),
        (255, 255, 255, 255)]  # fmt: skip
P3_CHROMATICITIES = [31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000]


def patches(colours, kind=np.uint8, side=16):
    picture = np.zeros((3 * side, 4 * side, len(colours[0])), kind)
    for index, colour in enumerate(colours):
        row, column = divmod(index, 4)
        picture[row * side : (row + 1) * side, column * side : (column + 1) * side] = colour
    return picture


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def gama(value):
    return chunk(b"gAMA", struct.pack(">I", value))


def chrm(values):
    return chunk(b"cHRM", struct.pack(">8I", *values))


def cicp(primaries, transfer, matrix=0, full_range=1):
    return chunk(b"cICP", bytes([primaries, transfer, matrix, full_range]))


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(image, chunks=b""):
    """The chunks go right behind the header."""
    data = encoded(image, "PNG")
    return data[:33] + chunks + data[33:]


def png16(pixels, chunks=b""):
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunks + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def pq(nits):
    """SMPTE ST 2084, 0 to 1."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = (nits / 10000) ** m1
    return ((c1 + c2 * root) / (1 + c3 * root)) ** m2


def segment(jpeg, marker):
    """Where a marker segment begins, and where it ends."""
    at = 2
    while jpeg[at + 1] != marker:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return at, at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")


def with_adobe(jpeg, transform):
    adobe = b"\xff\xee" + struct.pack(">H5sHHHB", 14, b"Adobe", 100, 0, 0, transform)
    return jpeg[:2] + adobe + jpeg[2:]


def ycck():
    """Adobe's YCCK: CMY as if it were RGB, in YCbCr; black inverted."""
    inks = patches(INKS)
    ycc = np.asarray(Image.fromarray(inks[..., :3]).convert("YCbCr"))
    stored = np.dstack([ycc, 255 - inks[..., 3]])
    # Pillow inverts CMYK as it writes it, and says transform 0.
    jpeg = encoded(Image.fromarray(255 - stored, "CMYK"), "JPEG", quality=100)
    start, end = segment(jpeg, 0xEE)
    return jpeg[: end - 1] + b"\2" + jpeg[end:]


def odd_sos(jpeg):
    """A scan header that ends its spectral selection at 0, as some cameras write it for baseline."""
    _, end = segment(jpeg, 0xDA)
    return jpeg[: end - 2] + b"\0" + jpeg[end - 1 :]


def nclx(avif, primaries, transfer):
    at = avif.index(b"colrnclx") + 8
    return avif[:at] + struct.pack(">HH", primaries, transfer) + avif[at + 4 :]


def gif(frames, canvas, transparency=None):
    """Frames are (pixels as palette indices, left, top); written by hand, since Pillow crops and fills by itself."""
    out = b"GIF89a" + struct.pack("<HHBBB", *canvas, 0xA2, 0, 0)
    for colour in COLOURS[:8]:
        out += bytes(colour)
    for pixels, left, top in frames:
        flags = 0 if transparency is None else 1
        out += b"\x21\xf9\x04" + struct.pack("<BHBB", flags, 50, transparency or 0, 0)
        height, width = pixels.shape
        out += b"," + struct.pack("<HHHHB", left, top, width, height, 0) + b"\3" + blocks(uncompressed(pixels)) + b"\0"
    return out + b";"


def uncompressed(pixels):
    """LZW codes of four bits for 3-bit pixels, cleared so often that they never grow."""
    codes = []
    for index, value in enumerate(pixels.flatten()):
        if index % 6 == 0:
            codes.append(8)
        codes.append(int(value))
    codes.append(9)
    codes += [0] * (len(codes) % 2)
    return bytes(low | high << 4 for low, high in zip(codes[::2], codes[1::2]))


def blocks(data):
    return b"".join(bytes([len(data[at : at + 255])]) + data[at : at + 255] for at in range(0, len(data), 255))


def files():
    rgb = Image.fromarray(patches(COLOURS))
    half = Image.fromarray(patches([(*colour, 128) for colour in COLOURS]))
    deep = patches(COLOURS, np.uint16) * 257
    jpeg = encoded(rgb, "JPEG", quality=100, subsampling="4:4:4")
    progressive = encoded(rgb, "JPEG", quality=100, subsampling="4:4:4", progressive=True)
    avif = encoded(rgb, "AVIF", quality=100, subsampling="4:4:4")
    greys = [(round(pq(nits) * 65535),) * 3 for nits in (0.5, 5, 20, 50, 100, 150, 203, 300, 500, 1000, 4000, 10000)]
    bright = [(100, (1, 0, 0)), (203, (1, 0, 0)), (1000, (1, 0, 0)), (203, (0, 1, 0)), (203, (0, 0, 1)),
              (1000, (1, 0.5, 0.2)), (500, (1, 0.5, 0.2)), (203, (1, 0.5, 0.2)), (100, (1, 0.5, 0.2)),
              (50, (1, 0.5, 0.2)), (4000, (0.2, 0.5, 1)), (100, (0.2, 0.5, 1))]  # fmt: skip
    hdr = [tuple(round(pq(nits * part) * 65535) for part in parts) for nits, parts in bright]
    small = np.full((20, 30), 1, np.uint8)
    yield "gama-45455.png", png(rgb, gama(45455))
    yield "gama-55556.png", png(rgb, gama(55556))
    yield "gama-srgb.png", png(rgb, chunk(b"sRGB", b"\0") + gama(100000))
    yield "gama-chrm-p3.png", png(rgb, gama(45455) + chrm(P3_CHROMATICITIES))
    yield "chrm-p3.png", png(rgb, chrm(P3_CHROMATICITIES))
    yield "gama-grey.png", png(rgb.convert("L"), gama(100000))
    yield "gama-palette.png", png(rgb.quantize(16), gama(100000))
    yield "gama-alpha.png", png(half, gama(100000))
    yield "gama-16-bit.png", png16(deep, gama(100000))
    yield "cicp-p3.png", png(rgb, cicp(12, 13))
    yield "cicp-p3-gama.png", png(rgb, cicp(12, 13) + gama(100000))
    yield "cicp-p3-limited.png", png(rgb, cicp(12, 13, 0, 0))
    yield "cicp-bt709.png", png(rgb, cicp(1, 1))
    yield "cicp-bt2020.png", png(rgb, cicp(9, 14))
    yield "cicp-linear.png", png(rgb, cicp(1, 8))
    yield "cicp-hlg.png", png(rgb, cicp(9, 18))
    yield "cicp-pq-greys.png", png16(patches(greys, np.uint16), cicp(9, 16))
    yield "cicp-pq-colours.png", png16(patches(hdr, np.uint16), cicp(9, 16))
    yield "cmyk-adobe.jpg", encoded(Image.fromarray(patches(INKS), "CMYK"), "JPEG", quality=100)
    yield "ycck-adobe.jpg", ycck()
    yield "adobe-transform-7.jpg", with_adobe(jpeg, 7)
    yield "odd-sos.jpg", odd_sos(jpeg)
    yield "no-end-marker.jpg", jpeg[:-2]
    yield "no-end-marker-progressive.jpg", progressive[:-2]
    yield "bytes-behind-the-end.jpg", jpeg + bytes(range(200))
    yield "cut-with-end-marker.jpg", jpeg[: len(jpeg) * 3 // 4] + b"\xff\xd9"
    yield "cut-progressive.jpg", progressive[: len(progressive) * 3 // 4]
    data = png(rgb, chunk(b"tEXt", b"Comment\0patches"))
    yield "crc-ancillary.png", data.replace(b"patches", b"patchez")
    yield "p3.avif", nclx(avif, 12, 13)
    yield "bt709.avif", nclx(avif, 1, 1)
    yield "bt2020.avif", nclx(avif, 9, 14)
    yield "hlg.avif", nclx(avif, 9, 18)
    yield "pq.avif", nclx(avif, 9, 16)
    yield "alpha.avif", encoded(half, "AVIF", quality=100, subsampling="4:4:4")
    yield "cut.avif", avif[:-60]
    yield "small-opaque-frame.gif", gif([(small, 10, 5)], (64, 48))
    yield "small-clear-frame.gif", gif([(small, 10, 5), (small * 2, 0, 0)], (64, 48), transparency=7)
    yield "all-frames-empty.gif", gif([(np.full((48, 64), 7, np.uint8), 0, 0)] * 3, (64, 48), transparency=7)
    yield "white.png", png(Image.new("RGB", (64, 48), "white"))
    yield "empty.png", png(Image.new("RGBA", (64, 48), (10, 20, 30, 0)))


if __name__ == "__main__":
    for name, data in files():
        assert name not in KEPT
        (FOLDER / name).write_bytes(data)
    print(sum(1 for _ in files()), "files")
