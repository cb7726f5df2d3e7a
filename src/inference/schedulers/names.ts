/**
 * Samplers, by what they compute. `euler-ancestral-discrete` is what diffusers makes of
 * `EulerAncestralDiscreteScheduler.from_config`; `animate-lcm` is for the weights of AnimateLCM-SVD-xt.
 */
export const samplerNames = ['euler', 'euler-ancestral-discrete', 'euler-ancestral', 'animate-lcm'] as const;
export type SamplerName = (typeof samplerNames)[number];

/** Sigma schedules. `ays` is Align Your Steps for SVD; `model` is what the model's own scheduler config describes. */
export const scheduleNames = ['karras', 'ays', 'model'] as const;
export type ScheduleName = (typeof scheduleNames)[number];
