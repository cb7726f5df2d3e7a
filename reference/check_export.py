"""Runs what `kinora export onnx` writes by Python's onnxruntime, and compares it with Kinora's own run.

Both ways of writing the weights, on a tiny checkpoint and random inputs. Prints the largest difference of each network
in standard deviations of its output, and fails above 1e-5.
Run: pip install onnxruntime==1.30.0 numpy && python reference/check_export.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import onnxruntime

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "test" / "golden" / "models" / "tiny-a"
SHAPE = {"width": 64, "height": 48, "frames": 3}
NETWORKS = {
    "image-encoder": "image_encoder/model.onnx",
    "vae-encoder": "vae/encoder.onnx",
    "unet-conditioning": "unet/conditioning.onnx",
    "unet-step": "unet/step.onnx",
    "vae-decoder": "vae/decoder.onnx",
}
ALLOWED = 1e-5


def export(out: Path, *options: str) -> None:
    sizes = [word for name, value in SHAPE.items() for word in (f"--{name}", str(value))]
    chunk = ["--decode-chunk", str(SHAPE["frames"])]
    command = ["npx", "tsx", "src/main.ts", "export", "onnx", "--model", str(MODEL), "--out", str(out)]
    subprocess.run([*command, *sizes, *chunk, *options], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def run(out: Path, folder: Path) -> dict[str, numpy.ndarray]:
    """Every output by `<network>.<output>`; inputs are drawn and kept in `folder`."""
    random = numpy.random.default_rng(7)
    outputs = {}
    for network, path in NETWORKS.items():
        session = onnxruntime.InferenceSession(out / path, providers=["CPUExecutionProvider"])
        feeds = {}
        for value in session.get_inputs():
            feeds[value.name] = random.standard_normal(value.shape).astype("float32")
            feeds[value.name].tofile(folder / f"{network}.{value.name}.f32")
        names = [value.name for value in session.get_outputs()]
        for name, result in zip(names, session.run(names, feeds), strict=True):
            outputs[f"{network}.{name}"] = result
    return outputs


def main() -> None:
    worst = 0.0
    for options in ([], ["--self-contained"]):
        # Beside the model, so that its weights can be linked.
        with tempfile.TemporaryDirectory(dir=ROOT / "out") as temporary:
            folder = Path(temporary)
            export(folder / "export", *options)
            outputs = run(folder / "export", folder)
            sizes = [str(value) for value in SHAPE.values()]
            command = ["npx", "tsx", "reference/run-networks.ts", str(MODEL), *sizes, str(folder)]
            subprocess.run(command, cwd=ROOT, check=True)
            for name, result in outputs.items():
                own = numpy.fromfile(folder / f"{name}.f32", "float32").reshape(result.shape)
                difference = float(numpy.abs(own - result).max() / max(own.std(), 1e-12))
                worst = max(worst, difference)
                if name.split(".")[1] in ("image_embeds", "latents", "out_sample", "sample", "frames"):
                    print(f"{' '.join(options) or 'linked':16} {name:32} {difference:.1e}")
    print(f"worst of all outputs: {worst:.1e}, allowed {ALLOWED:.0e}")
    sys.exit(worst > ALLOWED)


if __name__ == "__main__":
    main()
