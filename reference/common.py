"""What the golden scripts share: where files are, and how a checkpoint, a recording and a manifest are kept."""

import hashlib
import inspect
import json
import platform
import sys
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers import (
    AutoencoderKLTemporalDecoder,
    EulerDiscreteScheduler,
    UNetSpatioTemporalConditionModel,
)
from safetensors.torch import save_file
from transformers import CLIPVisionModelWithProjection

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "test" / "golden"
MODELS = GOLDEN / "models"


def load_networks(folder):
    """The networks of a checkpoint in float32 (fp16 files are read as rounded, then widened) and its scheduler."""

    def load(network, kind):
        variant = "fp16" if list((folder / network).glob("*.fp16.safetensors")) else None
        return kind.from_pretrained(folder / network, variant=variant).float().eval()

    return dict(
        unet=load("unet", UNetSpatioTemporalConditionModel),
        vae=load("vae", AutoencoderKLTemporalDecoder),
        image_encoder=load("image_encoder", CLIPVisionModelWithProjection),
        scheduler=EulerDiscreteScheduler.from_pretrained(folder / "scheduler"),
    )


class Recorder:
    """Collects named tensors; equal ones are stored once and named in `aliases`."""

    def __init__(self):
        self.tensors, self.aliases, self.scalars, self.modules = {}, {}, {}, {}
        self._seen = {}

    def add(self, name, value):
        if isinstance(value, torch.Tensor):
            value = value.detach().contiguous().clone()
            digest = hashlib.sha256(value.numpy().tobytes()).hexdigest() + str(tuple(value.shape)) + str(value.dtype)
            if digest in self._seen:
                self.aliases[name] = self._seen[digest]
            else:
                self._seen[digest] = name
                self.tensors[name] = value
        elif isinstance(value, (tuple, list)):
            for index, item in enumerate(value):
                self.add(f"{name}/{index}", item)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            self.scalars[name] = value

    def watch(self, case, module, name):
        """Records inputs (`<case>/<name>/in/<argument>`) and output (`<case>/<name>/out`) of a module's next call."""
        signature = inspect.signature(module.forward)
        prefix = f"{case}/{name}"
        self.modules.setdefault(case, {})[name] = type(module).__name__

        def hook(module, args, kwargs, output):
            handle.remove()
            for argument, value in signature.bind(*args, **kwargs).arguments.items():
                if argument in ("kwargs", "attention_mask", "image_only_indicator", "pixel_values"):
                    continue
                self.add(f"{prefix}/in/{argument}", value)
            self.add(f"{prefix}/out", output)

        handle = module.register_forward_hook(hook, with_kwargs=True)

    def write(self, path, notes):
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(self.tensors, path)
        path.chmod(0o644)
        manifest = dict(
            command=f"python reference/{Path(sys.argv[0]).name}",
            versions=dict(
                python=platform.python_version(),
                torch=torch.__version__,
                diffusers=diffusers.__version__,
                transformers=transformers.__version__,
            ),
            **notes,
            modules=self.modules,
            scalars=self.scalars,
            aliases=self.aliases,
            tensors={
                name: f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
                for name, tensor in self.tensors.items()
            },
        )
        path.with_suffix(".json").write_text(json.dumps(manifest, indent=1) + "\n")
        print(f"{path.relative_to(ROOT)}: {len(self.tensors)} tensors, {path.stat().st_size / 1e3:.0f} kB")
