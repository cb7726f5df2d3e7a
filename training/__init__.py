"""Trains Kinora's demo model: a toy-sized model of Stable Video Diffusion's classes that knows camera moves."""
