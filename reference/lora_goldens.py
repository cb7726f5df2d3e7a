"""Writes test/golden/loras: LoRAs for tiny-a's UNet, and the frames with PEFT's merge of them: `python reference/lora_goldens.py`.

    peft.safetensors    as diffusers' save_lora_weights writes it, α in the file's metadata
    kohya.safetensors   as kohya's scripts write it (lora_unet_…, float16), α as tensors; of generative-models' names one half
    frames.safetensors  frames of tiny-a with each of them, and with both

Both change every kind of layer that the UNet has: linear ones, convolutions of one and of three pixels, those over frames.
Factors are random, also those that training begins at 0.
"""

import json
import shutil

import torch
from diffusers.loaders import StableDiffusionLoraLoaderMixin
from diffusers.loaders.lora_base import LORA_ADAPTER_METADATA_KEY
from peft import LoraConfig, get_peft_model_state_dict, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from safetensors import safe_open
from safetensors.torch import save_file

from common import GOLDEN, MODELS, Recorder
from folder_goldens import SETTINGS, load, render
from pipeline_goldens import picture

FOLDER = GOLDEN / "loras"
MODEL = "tiny-a"
LINEAR = ["to_q", "to_v", "to_out.0", "proj_in", "ff.net.0.proj", "ff_in.net.2", "time_emb_proj", "time_pos_embed.linear_1"]
ADAPTERS = {
    "peft": LoraConfig(
        r=4, lora_alpha=6, target_modules=LINEAR + ["conv1", "conv_shortcut"], alpha_pattern={"to_v": 2, "ff.net.0.proj": 12}
    ),
    "kohya": LoraConfig(r=2, lora_alpha=1, target_modules=["to_k", "to_q", "proj_out", "conv2", "downsamplers.0.conv", "ff.net.2"]),
}
# Which adapters with which weight.
CASES = {"peft": {"peft": 1.0}, "kohya": {"kohya": -0.75}, "both": {"peft": 0.5, "kohya": 1.25}}

# Where generative-models has these modules of tiny-a's UNet.
SGM = {
    "down_blocks.0.attentions.0.transformer_blocks": "input_blocks.1.1.transformer_blocks",
    "down_blocks.0.attentions.0.temporal_transformer_blocks": "input_blocks.1.1.time_stack",
    "down_blocks.0.attentions.0.proj_out": "input_blocks.1.1.proj_out",
    "down_blocks.0.resnets.0.spatial_res_block.conv2": "input_blocks.1.0.out_layers.3",
    "down_blocks.0.resnets.0.temporal_res_block.conv2": "input_blocks.1.0.time_stack.out_layers.3",
    "down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op",
}


def layers_of(unet):
    return {name: module for name, module in unet.named_modules() if isinstance(module, LoraLayer)}


def add_adapter(unet, name):
    generator = torch.Generator("cpu").manual_seed(len(name))
    inject_adapter_in_model(ADAPTERS[name], unet, name)
    for layer in layers_of(unet).values():
        if name not in layer.lora_A:
            continue
        for factor in (layer.lora_A[name].weight, layer.lora_B[name].weight):
            fan_in = factor[0].numel()
            # What kohya's file keeps in half precision must be exact there.
            factor.copy_((torch.randn(factor.shape, generator=generator) * 0.9 / fan_in**0.5).half().float())


def write_peft(unet):
    metadata = ADAPTERS["peft"].to_dict()
    # Some versions keep sets, which JSON does not know.
    metadata["target_modules"] = sorted(metadata["target_modules"])
    StableDiffusionLoraLoaderMixin.save_lora_weights(
        FOLDER,
        unet_lora_layers=get_peft_model_state_dict(unet, adapter_name="peft"),
        unet_lora_adapter_metadata=metadata,
        weight_name="peft.safetensors",
    )
    with safe_open(FOLDER / "peft.safetensors", "pt") as file:
        assert LORA_ADAPTER_METADATA_KEY in file.metadata()


def write_kohya(unet):
    tensors = {}
    for name, layer in layers_of(unet).items():
        if "kohya" not in layer.lora_A:
            continue
        theirs = next((sgm + name[len(path) :] for path, sgm in SGM.items() if name.startswith(path)), name)
        stem = "lora_unet_" + theirs.replace(".", "_")
        tensors[f"{stem}.lora_down.weight"] = layer.lora_A["kohya"].weight.half()
        tensors[f"{stem}.lora_up.weight"] = layer.lora_B["kohya"].weight.half()
        tensors[f"{stem}.alpha"] = torch.tensor(1.0, dtype=torch.float16)
    save_file(tensors, FOLDER / "kohya.safetensors", metadata={"ss_network_module": "networks.lora", "ss_network_alpha": "1"})


def with_adapters(unet, weights):
    for layer in layers_of(unet).values():
        if layer.merged:
            layer.unmerge()
        names = [name for name in weights if name in layer.lora_A]
        layer.enable_adapters(len(names) > 0)
        for name in names:
            layer.set_scale(name, weights[name])
        if names:
            layer.merge(adapter_names=names)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    recorder = Recorder()
    pixels = picture(SETTINGS["width"], SETTINGS["height"])
    recorder.add("picture", torch.from_numpy(pixels))
    pipe = load(MODELS / MODEL)
    recorder.add("none/frames", render(pipe, pixels))
    for name in ADAPTERS:
        add_adapter(pipe.unet, name)
    write_peft(pipe.unet)
    write_kohya(pipe.unet)
    for case, weights in CASES.items():
        with_adapters(pipe.unet, weights)
        frames = render(pipe, pixels)
        recorder.add(f"{case}/frames", frames)
        difference = (frames.float() - recorder.tensors["none/frames"].float()).abs()
        print(f"{case}: mean difference {difference.mean():.1f}, {((frames == 0) | (frames == 255)).float().mean():.1%} at 0 or 255")
    modules = {name: sum(name in layer.lora_A for layer in layers_of(pipe.unet).values()) for name in ADAPTERS}
    notes = dict(precision="float32", model=MODEL, settings=SETTINGS, cases=CASES, changedModules=modules)
    recorder.write(FOLDER / "frames.safetensors", notes)
    for file in FOLDER.iterdir():
        file.chmod(0o644)
        print(file.name, file.stat().st_size)
