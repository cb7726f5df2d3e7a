"""One network on OpenVINO's CPU plugin, converted from diffusers' module by OpenVINO's own converter, or the UNet as
`kinora export onnx` writes it.

`python bench/side/openvino_side.py '{"modelDir": …, "network": …, "inputs": FILE, "cache": DIR, "runs": N, "threads": N}'`
prints one line of JSON. The first call converts and keeps the result in `cache`; that is not measured. With `"onnx": DIR`
nothing is converted: the files there are read, and what they take from the conditioning graph is made before, as in Kinora.
"""

import json
import sys
from pathlib import Path

import openvino
import torch
from safetensors.torch import load_file, save_file

from networks import NETWORKS, say, seconds_since_start, timed_runs


def convert(task, inputs, path):
    say(f"OpenVINO converts {task['network']}")
    with torch.no_grad():
        module = NETWORKS[task["network"]](task["modelDir"]).eval()
        shapes = [(name, list(value.shape)) for name, value in inputs.items()]
        model = openvino.convert_model(module, example_input=inputs, input=shapes)
    path.parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(model, path, compress_to_fp16=False)


def conditioned(core, folder, inputs, settings):
    """The inputs, and what the conditioning graph makes of them once per clip."""
    compiled = core.compile_model(core.read_model(Path(folder) / "unet/conditioning.onnx"), "CPU", settings)
    names = [value.get_any_name() for value in compiled.inputs]
    made = compiled({name: inputs[name] for name in names})
    return inputs | {value.get_any_name(): made[value] for value in compiled.outputs}


def compile_network(task, inputs, settings):
    """The compiled network, and what it is called with."""
    core = openvino.Core()
    feeds = {name: value.numpy() for name, value in inputs.items()}
    if "onnx" in task:
        feeds = conditioned(core, task["onnx"], feeds, settings)
        compiled = core.compile_model(core.read_model(Path(task["onnx"]) / "unet/step.onnx"), "CPU", settings)
        return compiled, {value.get_any_name(): feeds[value.get_any_name()] for value in compiled.inputs}
    path = Path(task["cache"]) / f"{task['case']}.xml"
    return core.compile_model(path, "CPU", settings), feeds


def main():
    task = json.loads(sys.argv[1])
    inputs = load_file(task["inputs"])
    path = Path(task["cache"]) / f"{task['case']}.xml"
    if "onnx" not in task and not path.exists():
        convert(task, inputs, path)
        if task["runs"] == 0:
            return
    precision = "bf16" if task.get("bfloat16") else "f32"
    settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": task["threads"]}
    compiled, feeds = compile_network(task, inputs, settings)
    ready = seconds_since_start()
    made, seconds = timed_runs(lambda: compiled(feeds)[0], task["runs"])
    if task.get("outputs"):
        save_file({"out": torch.from_numpy(made.copy())}, task["outputs"])
    print(json.dumps({"readySeconds": ready, "seconds": seconds}))


if __name__ == "__main__":
    main()
