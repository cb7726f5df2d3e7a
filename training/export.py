"""`python -m training.export`: put the trained parts together in diffusers' layout, fp16, with the preset that suits them."""

import json
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKLTemporalDecoder,
    EulerDiscreteScheduler,
    StableVideoDiffusionPipeline,
    UNetSpatioTemporalConditionModel,
)

from .clip_tower import make_clip, make_processor
from .motion import ZOOM_BUCKET
from .run import arguments, start

# Stable Video Diffusion's own scheduler, to the letter.
SCHEDULER = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "interpolation_type": "linear",
    "use_karras_sigmas": True,
    "sigma_min": 0.002,
    "sigma_max": 700.0,
    "timestep_spacing": "leading",
    "timestep_type": "continuous",
    "steps_offset": 1,
    "rescale_betas_zero_snr": False,
}
PAN_MARGIN = 32  # pixels, above the furthest pan; every level of the UNet halves it evenly
PRESET = {
    "name": "Kinora demo (toy model)",
    "description": "A toy-sized model that knows camera moves, there to show the machine running; the real one is SVD XT.",
    "width": 256,
    "height": 144,
    "num_frames": 14,
    "num_inference_steps": 4,
    "min_guidance_scale": 1.0,
    "max_guidance_scale": 1.0,
    "fps": 7,
    "motion_bucket_id": 127,
    "noise_aug_strength": 0.02,
    "decode_chunk_size": 2,  # the decoder's temporal branches are identities: fewer at a time is the same, in less memory
    "loop": "ping-pong",
    "turn_by_seed": True,
    "pan_margin": PAN_MARGIN,
    "zoom_bucket": ZOOM_BUCKET,
    "unet_force_upcast": True,  # it carries values beside constants far above them, of which half precision keeps too little
}


def main() -> None:
    parser = arguments(__doc__ or "", minutes=5)
    parser.add_argument("--to", type=Path, default=Path("out/demo-model"))
    options = parser.parse_args()
    start(options)
    pipeline = StableVideoDiffusionPipeline(
        vae=AutoencoderKLTemporalDecoder.from_pretrained(options.work / "vae"),
        image_encoder=make_clip(),
        unet=UNetSpatioTemporalConditionModel.from_pretrained(options.work / "unet"),
        scheduler=EulerDiscreteScheduler(**SCHEDULER),
        feature_extractor=make_processor(),
    )
    pipeline.to(dtype=torch.float16)
    pipeline.save_pretrained(options.to, variant="fp16")
    for part in ("unet", "vae"):  # where the weights lay before is nobody's business
        path = options.to / part / "config.json"
        config = json.loads(path.read_text())
        config.pop("_name_or_path", None)
        path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    (options.to / "kinora.json").write_text(json.dumps(PRESET, indent=2) + "\n")
    size = sum(file.stat().st_size for file in options.to.rglob("*") if file.is_file())
    print(f"{options.to}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
