"""`python -m training.unet`: fit the moves to the training pictures and write the UNet. Takes a minute; nothing is trained."""

from .camera import FAR, NEAR
from .linear_move import fit_move
from .pictures import Crops, read
from .run import arguments, start
from .unet_model import make_unet

SIDE = 96  # of the crops that the moves are fitted to, in pixels


def main() -> None:
    parser = arguments(__doc__ or "", minutes=1)
    parser.add_argument("--pictures", type=int, default=32)
    options = parser.parse_args()
    start(options)
    pictures = Crops(read(options.work, "train"), SIDE, options.pictures, options.seed).next()
    far, near = (fit_move(pictures, reach) for reach in (FAR, NEAR))
    make_unet(far, near).save_pretrained(options.work / "unet")


if __name__ == "__main__":
    main()
