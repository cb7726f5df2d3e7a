"""Made-up pictures that the tests draw again from the same rule, so that none need be stored."""

import numpy as np


def noise(width, height, seed=0):
    """RGB noise, [height, width, 3]: the place of each byte, hashed with 32-bit arithmetic."""
    value = np.arange(width * height * 3, dtype=np.uint32) + np.uint32(seed)
    value = (value ^ (value >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    value = (value ^ (value >> np.uint32(12))) * np.uint32(0x297A2D39)
    value = value ^ (value >> np.uint32(15))
    return (value & np.uint32(255)).astype(np.uint8).reshape(height, width, 3)


def drawing(width, height):
    """A drawing of waves, stripes and noise that is worth resizing, [height, width, 3], from whole numbers alone."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    red = 40 + x * 200 // max(width - 1, 1)
    green = (y * 255 // max(height - 1, 1)) ^ (x * 13 // width % 2 * 64)
    blue = (x * x + y * y) * 40 // (width * width + height * height) % 5 * 55 + 20
    picture = np.stack([red, green, blue], axis=-1)
    rough = (y * 4 // height) % 2 == 1
    return np.where(rough[..., None], (picture * 3 + noise(width, height)) // 4, picture).astype(np.uint8)
