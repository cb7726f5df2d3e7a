"""Where the training pictures come from. Only CC0, public domain and CC-BY; `SOURCES.md` is the same list in prose."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """One package: how to get it, which files in it are used, and how often a picture of it is drawn."""

    name: str
    registry: str  # debian, pypi or npm
    package: str
    licence: str
    files: tuple[str, ...]  # glob patterns inside the package
    weight: float
    kind: str  # photo or drawing
    limit: int = 10_000


LOMIRI = tuple(
    f"usr/share/backgrounds/{name}.jpg"
    for name in (
        "aitzgorri_by_Aitzol_Berasategi",
        "friends_by_Aitzol_Berasategi",
        "life_by_Aitzol_Berasategi",
        "picosdeeuropa_by_Aitzol_Berasategi",
        "Picture_0B_by_freespace",
        "Picture_1A_by_freespace",
        "seeding_by_Clements_Engelhardt",
        "sunset_by_Aitzol_Berasategi",
        "umang_by_Abhishek_Mudgal",
        "Wine_by_Jakkub_Mede",
    )
)
SKIMAGE = tuple(
    f"skimage/data/{name}"
    for name in (
        "astronaut.png",
        "brick.png",
        "camera.png",
        "chelsea.png",
        "coffee.png",
        "grass.png",
        "gravel.png",
        "hubble_deep_field.jpg",
        "retina.jpg",
        "rocket.jpg",
    )
)

SOURCES = (
    Source("lomiri", "debian", "lomiri-wallpapers-16.04", "CC-BY-4.0 (one CC0-1.0)", LOMIRI, 3.0, "photo"),
    Source("skimage", "pypi", "scikit-image==0.26.0", "CC0-1.0 or public domain", SKIMAGE, 1.2, "photo"),
    Source("sklearn", "pypi", "scikit-learn==1.9.1", "CC-BY-2.0", ("sklearn/datasets/images/*.jpg",), 3.0, "photo"),
    Source("scipy", "pypi", "scipy==1.9.3", "public domain", ("scipy/misc/face.dat",), 3.0, "photo"),
    Source("pmndrs", "npm", "@pmndrs/assets@1.7.0", "CC0-1.0", ("package/hdri/*.exr.js",), 2.0, "photo"),
    Source("openclipart", "debian", "openclipart-png", "public domain", ("usr/share/openclipart/png/**/*.png",), 0.06, "drawing", 2200),
)

# Never trained on, by a part of the file name: every figure in RESULTS.md is measured on these.
HELD_OUT_PHOTOS = (
    "chelsea", "flower", "face.dat", "picosdeeuropa", "Picture_1A", "umang", "coffee", "venice", "dawn", "forest",
)
HELD_OUT_DRAWINGS_EVERY = 12
