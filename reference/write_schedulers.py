"""Writes test/golden/schedulers.json: sigmas, timesteps and steps of diffusers' Euler schedulers and of AnimateLCM's.

Run: python reference/write_schedulers.py
"""

import json
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import EulerAncestralDiscreteScheduler, EulerDiscreteScheduler
from diffusers.schedulers import AysSchedules

from animate_lcm import AnimateLcm

STEPS = [1, 2, 4, 10, 25, 30, 60]
SIZE = 16  # values of a latent; 16 so that random numbers are the same bits everywhere

SVD = dict(
    beta_end=0.012,
    beta_schedule="scaled_linear",
    beta_start=0.00085,
    final_sigmas_type="zero",
    interpolation_type="linear",
    num_train_timesteps=1000,
    prediction_type="v_prediction",
    rescale_betas_zero_snr=False,
    sigma_max=700.0,
    sigma_min=0.002,
    steps_offset=1,
    timestep_spacing="leading",
    timestep_type="continuous",
    trained_betas=None,
    use_beta_sigmas=False,
    use_exponential_sigmas=False,
    use_karras_sigmas=True,
)

CONFIGS = {
    "svd": SVD,
    # Every default of diffusers: linear betas, epsilon, linspace, discrete.
    "defaults": {},
    "trailing-exponential": dict(
        SVD,
        num_train_timesteps=700,
        use_karras_sigmas=False,
        use_exponential_sigmas=True,
        timestep_spacing="trailing",
        timestep_type="discrete",
        final_sigmas_type="sigma_min",
        sigma_min=0.05,
        sigma_max=None,
    ),
    "cosine-karras": dict(
        SVD,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="epsilon",
        timestep_type="discrete",
        sigma_min=None,
        sigma_max=None,
    ),
    "zero-snr": dict(SVD, use_karras_sigmas=False, rescale_betas_zero_snr=True, timestep_spacing="linspace"),
    "trained-betas": dict(
        SVD,
        trained_betas=np.linspace(0.001, 0.03, 120).round(6).tolist(),
        num_train_timesteps=120,
        prediction_type="sample",
        use_karras_sigmas=False,
        timestep_type="discrete",
    ),
    # One noise level more than steps: with continuous timesteps one step more is made.
    "log-linear": dict(SVD, use_karras_sigmas=False, interpolation_type="log_linear"),
    "log-linear-discrete": dict(interpolation_type="log_linear", timestep_spacing="trailing", num_train_timesteps=500),
    "log-linear-karras": dict(SVD, interpolation_type="log_linear", sigma_min=None, sigma_max=None),
    "beta": dict(SVD, use_karras_sigmas=False, use_beta_sigmas=True),
}
# Of these only what the config changes is run.
OWN_SCHEDULE_ONLY = ["log-linear", "log-linear-discrete", "log-linear-karras", "beta"]


def align_your_steps(steps: int) -> list[float]:
    """The authors' log-linear interpolation; diffusers lists only their ten steps."""
    levels = np.array([*AysSchedules["StableDiffusionVideoSigmas"][:-1], 0.002])
    positions = np.linspace(0, 1, len(levels))
    sigmas = np.exp(np.interp(np.linspace(0, 1, steps + 1), positions, np.log(levels[::-1])))[::-1]
    return [*sigmas[:-1].tolist(), 0.0]


def make(sampler: str, config: dict, steps: int, schedule: str):
    if sampler == "animate-lcm":
        return AnimateLcm(steps)
    if sampler == "euler-ancestral-discrete":
        scheduler = EulerAncestralDiscreteScheduler.from_config(EulerDiscreteScheduler(**config).config)
        scheduler.set_timesteps(steps)
        return scheduler
    changed = dict(config, use_karras_sigmas=True, use_exponential_sigmas=False) if schedule == "karras" else config
    euler = EulerDiscreteScheduler(**changed)
    if schedule == "ays":
        euler.set_timesteps(sigmas=align_your_steps(steps))
    else:
        euler.set_timesteps(steps)
    if sampler == "euler":
        return euler
    # The ancestral update on Euler's own sigmas and timesteps.
    ancestral = EulerAncestralDiscreteScheduler.from_config(euler.config)
    ancestral.sigmas, ancestral.timesteps = euler.sigmas, euler.timesteps
    return ancestral


def run(sampler: str, config: dict, steps: int, schedule: str) -> dict:
    scheduler = make(sampler, config, steps, schedule)
    noise = torch.Generator().manual_seed(steps)
    network = torch.Generator().manual_seed(1000 + steps)
    sample = torch.randn(SIZE, generator=noise) * scheduler.init_noise_sigma
    states = {}
    for index, timestep in enumerate(scheduler.timesteps):
        if index == 0:
            scheduler.set_begin_index(0)
        scaled = scheduler.scale_model_input(sample, timestep)
        # Follows the input, so that a wrong scale shows; drawn, so that each step differs.
        output = scaled * 0.5 + torch.randn(SIZE, generator=network)
        extra = {} if sampler == "euler" else dict(generator=noise)
        sample = scheduler.step(output, timestep, sample, **extra).prev_sample
        if index in (0, 1, len(scheduler.timesteps) - 1):
            states[index] = sample.tolist()
    return dict(
        steps=steps,
        schedule=schedule,
        sigmas=scheduler.sigmas.tolist(),
        timesteps=scheduler.timesteps.tolist(),
        initNoiseSigma=float(scheduler.init_noise_sigma),
        samples=states,
    )


def runs() -> list[dict]:
    results = []
    for name, config in CONFIGS.items():
        for sampler in ("euler", "euler-ancestral-discrete", "euler-ancestral"):
            if sampler != "euler" and config.get("prediction_type") == "sample":
                continue  # diffusers' ancestral scheduler does not know it
            if sampler != "euler" and name == "zero-snr":
                # sigma falls from 4096 to 30 in a step: sigma_down is then the difference of two nearly equal float32
                # squares, and the last bit of a sigma (torch's own square root varies there) shows as 1e-4.
                continue
            is_brief = name in OWN_SCHEDULE_ONLY
            if is_brief and sampler == "euler-ancestral-discrete":
                continue  # knows none of these fields
            schedules = ["model"] if is_brief or sampler == "euler-ancestral-discrete" else ["model", "karras", "ays"]
            for schedule in schedules:
                if name == "svd" and schedule == "model" and sampler != "euler-ancestral-discrete":
                    continue  # the same as karras
                for steps in [1, 2, 10, 25] if is_brief else STEPS:
                    results.append(dict(config=name, sampler=sampler, **run(sampler, config, steps, schedule)))
    for steps in (1, 2, 4, 10, 25):
        results.append(dict(config="svd", sampler="animate-lcm", **run("animate-lcm", SVD, steps, "model")))
    return results


def main() -> None:
    golden = dict(
        command="python reference/write_schedulers.py",
        diffusers=diffusers.__version__,
        torch=torch.__version__,
        configs=CONFIGS,
        runs=runs(),
    )
    output = Path(__file__).parent.parent / "test" / "golden" / "schedulers.json"
    output.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
