"""Where to compute, and in what precision."""

import torch
from torch import nn


def choose_device(asked: str | torch.device | None = None) -> torch.device:
    """Return the device asked for, else a GPU where there is one, else the CPU."""
    if asked is not None:
        return torch.device(asked)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def inference_dtype(device: torch.device) -> torch.dtype:
    """Say what to embed in: float16 on a GPU, else float32.

    On a processor in full, though some multiply in float16: many images go through a faster runtime
    in float32 (`runtimes`), and the same image is to get the same vector among few as among many.

    Never bfloat16, which is as fast: images of one kind differ little, and against these
    differences its three digits are coarse. Measured on handwritten digits with
    `efficientnet_lite0`, the error is a fifth of the vectors' spread (float16: a fiftieth) and
    costs a probe on 50 to 300 labels about a point of accuracy.
    """
    return torch.float16 if device.type == "cuda" else torch.float32


def training_dtype(device: torch.device, model: nn.Module) -> torch.dtype:
    """Say what to train in: bfloat16 in hardware, whose range gradients need, else float32.

    On a CPU with AMX a step of ResNet-18 or ViT-Tiny takes a third to a half of the time so. Not
    so where convolutions are grouped (EfficientNet, MobileNet, ConvNeXt): their gradient in
    bfloat16 takes up to three times as long as in float32.
    """
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    if device.type == "cpu" and torch.cpu.get_capabilities().get("amx_bf16"):
        grouped = any(isinstance(m, nn.Conv2d) and m.groups > 1 for m in model.modules())
        return torch.float32 if grouped else torch.bfloat16
    return torch.float32


def autocast(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """Return a context that computes in `dtype` where it is safe; parameters stay float32."""
    return torch.autocast(device.type, dtype, enabled=dtype is not torch.float32)


def out_of_memory(error: RuntimeError) -> bool:
    """Whether an error says that memory, the GPU's or the machine's, does not hold a batch."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
