"""Made-up pictures that the tests draw again from the same rule, so that none need be stored."""

import numpy as np


def noise(width, height, seed=0):
    """RGB noise, [height, width, 3]: the place of each byte, hashed with 32-bit arithmetic."""
    value = np.arange(width * height * 3, dtype=np.uint32) + np.uint32(seed)
    value = (value ^ (value >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    value = (value ^ (value >> np.uint32(12))) * np.uint32(0x297A2D39)
    value = value ^ (value >> np.uint32(15))
    return (value & np.uint32(255)).astype(np.uint8).reshape(height, width, 3)
