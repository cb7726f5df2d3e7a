"""The sampler of AnimateLCM-SVD-xt (Wang et al. 2024), from its formulas.

Multistep consistency sampling (Song et al. 2023, "Consistency Models", algorithm 1) over Karras noise levels (Karras et
al. 2022, equation 5), with the skip and output scalings of EDM's v-prediction instead of the boundary-corrected ones, as
the authors' `AnimateLCMSVDStochasticIterativeScheduler` (lcm_scheduler.py of their demo, wangfuyun/AnimateLCM-SVD) has it
with the arguments of their demo: num_train_timesteps 40, sigma_min 0.002, sigma_max 700, sigma_data 1, s_noise 1, rho 7,
clip_denoised False. Each step goes all the way to a clean sample and back up to the next noise level.
"""

from types import SimpleNamespace

import numpy as np
import torch

TRAINED, SIGMA_MIN, SIGMA_MAX, SIGMA_DATA, RHO = 40, 0.002, 700.0, 1.0, 7.0


class AnimateLcm:
    def __init__(self, steps):
        positions = np.arange(steps) * (TRAINED // steps) / (TRAINED - 1)
        high, low = SIGMA_MAX ** (1 / RHO), SIGMA_MIN ** (1 / RHO)
        sigmas = (high + positions * (low - high)) ** RHO
        self.timesteps = torch.from_numpy(0.25 * np.log(sigmas))
        self.sigmas = torch.from_numpy(np.append(sigmas, 0).astype(np.float32))
        self.init_noise_sigma = (SIGMA_MAX**2 + 1) ** 0.5
        self.index = 0

    def set_begin_index(self, index):
        self.index = index

    def scale_model_input(self, sample, _timestep):
        return sample / (self.sigmas[self.index] ** 2 + SIGMA_DATA**2) ** 0.5

    def step(self, output, _timestep, sample, generator):
        sigma, following = self.sigmas[self.index], self.sigmas[self.index + 1]
        skip = SIGMA_DATA**2 / (sigma**2 + SIGMA_DATA**2)
        scale = -sigma * SIGMA_DATA / (sigma**2 + SIGMA_DATA**2) ** 0.5
        clean = scale * output + skip * sample
        # The last step draws as well, and multiplies by 0; a single step does not.
        drawn = torch.randn(output.shape, generator=generator) if len(self.timesteps) > 1 else torch.zeros_like(output)
        self.index += 1
        return SimpleNamespace(prev_sample=clean + drawn * following)
