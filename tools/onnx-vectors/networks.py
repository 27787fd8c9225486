"""Small networks in the manner of those that searches find, with random weights, for PyTorch's exporter."""

from __future__ import annotations

import math

import torch
from torch import nn


class Residual(nn.Module):
    """ResNet's basic block; the first of a stage strides and has a projection."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.one = nn.Sequential(
            nn.Conv2d(inside, outside, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outside),
            nn.ReLU(),
            nn.Conv2d(outside, outside, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outside),
        )
        same = stride == 1 and inside == outside
        self.two = nn.Identity() if same else nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))
        self.last = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.one(x) + self.two(x))


def resnet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 7, 2, 3, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        Residual(8, 8, 1),
        Residual(8, 12, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 10),
    )


class Squeeze(nn.Module):
    """Squeeze and excite, as in MobileNetV3 (hard sigmoid) and EfficientNet (sigmoid)."""

    def __init__(self, channels: int, inner: int, gate: nn.Module) -> None:
        super().__init__()
        self.pool, self.down, self.act = nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, inner, 1), nn.ReLU()
        self.up, self.gate = nn.Conv2d(inner, channels, 1), gate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gate(self.up(self.act(self.down(self.pool(x)))))


class Inverted(nn.Module):
    """The inverted residual of MobileNetV2, V3 and EfficientNet."""

    def __init__(self, inside: int, wide: int, outside: int, kernel: int, stride: int, act: type, gate: nn.Module | None) -> None:
        super().__init__()
        squeeze = [Squeeze(wide, 4, gate)] if gate is not None else []
        self.steps = nn.Sequential(
            nn.Conv2d(inside, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            act(),
            nn.Conv2d(wide, wide, kernel, stride, kernel // 2, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            act(),
            *squeeze,
            nn.Conv2d(wide, outside, 1, bias=False),
            nn.BatchNorm2d(outside),
        )
        self.skip = stride == 1 and inside == outside

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.steps(x) if self.skip else self.steps(x)


def mobilenet_v2() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU6(),
        Inverted(8, 24, 8, 3, 1, nn.ReLU6, None),
        Inverted(8, 24, 12, 3, 2, nn.ReLU6, None),
        nn.Conv2d(12, 32, 1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(32, 10),
    )


def mobilenet_v3() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.Hardswish(),
        Inverted(8, 16, 8, 3, 1, nn.ReLU, nn.Hardsigmoid()),
        Inverted(8, 24, 12, 5, 2, nn.Hardswish, nn.Hardsigmoid()),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 32),
        nn.Hardswish(),
        nn.Linear(32, 10),
    )


def efficientnet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.SiLU(),
        Inverted(8, 16, 8, 3, 1, nn.SiLU, nn.Sigmoid()),
        Inverted(8, 24, 12, 5, 2, nn.SiLU, nn.Sigmoid()),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 10),
    )


class ChannelsLast(nn.Module):
    """ConvNeXt's block: depthwise 7x7, then a layer norm and two linear layers on NHWC, a factor per channel, a skip."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spatial = nn.Conv2d(channels, channels, 7, 1, 3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.wide, self.narrow = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)
        self.act, self.gamma = nn.GELU(), nn.Parameter(torch.rand(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(self.spatial(x).permute(0, 2, 3, 1))
        y = self.gamma * self.narrow(self.act(self.wide(y)))
        return x + y.permute(0, 3, 1, 2)


class NormOfImage(nn.Module):
    """ConvNeXt's layer norm over the channels of an NCHW image."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=1e-6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def convnext() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 4, 4),
        NormOfImage(8),
        ChannelsLast(8),
        NormOfImage(8),
        nn.Conv2d(8, 16, 2, 2),
        ChannelsLast(16),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.LayerNorm(16),
        nn.Linear(16, 10),
    )


class Attention(nn.Module):
    """Multi-head self-attention written as timm writes it: one projection, split by reshape and permute."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, dim = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(dim // self.heads)
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, tokens, dim))


class Encoder(nn.Module):
    def __init__(self, dim: int, heads: int, act: nn.Module) -> None:
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(dim), Attention(dim, heads), nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), act, nn.Linear(4 * dim, dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Vit(nn.Module):
    """DeiT: patches, a class token, learned positions, encoders, and the class token's answer."""

    def __init__(self, dim: int = 12, heads: int = 2, patch: int = 8, size: int = 32) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, dim, patch, patch)
        self.token = nn.Parameter(torch.randn(1, 1, dim))
        self.positions = nn.Parameter(torch.randn(1, 1 + (size // patch) ** 2, dim))
        self.blocks = nn.Sequential(Encoder(dim, heads, nn.GELU()), Encoder(dim, heads, nn.GELU(approximate="tanh")))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        return self.head(self.norm(self.blocks(x))[:, 0])


def speech() -> nn.Module:
    """A 1-D network on 20 features over 64 moments: full, depthwise and dilated convolutions."""
    return nn.Sequential(
        nn.Conv1d(20, 16, 5, 2, 2, bias=False),
        nn.BatchNorm1d(16),
        nn.ReLU(),
        nn.Conv1d(16, 16, 9, 1, 4, groups=16, bias=False),
        nn.Conv1d(16, 24, 1, bias=False),
        nn.BatchNorm1d(24),
        nn.ReLU(),
        nn.Conv1d(24, 24, 3, 1, 2, dilation=2),
        nn.PReLU(24),
        nn.MaxPool1d(2),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(24, 12),
        nn.LogSoftmax(dim=1),
    )


class Cell(nn.Module):
    """A DARTS cell's operations side by side, joined by channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        c = channels
        self.separable = nn.Sequential(
            nn.ReLU(), nn.Conv2d(c, c, 3, 1, 1, groups=c, bias=False), nn.Conv2d(c, c, 1, bias=False), nn.BatchNorm2d(c)
        )
        self.dilated = nn.Sequential(
            nn.ReLU(), nn.Conv2d(c, c, 3, 1, 4, dilation=4, groups=c, bias=False), nn.Conv2d(c, c, 1, bias=False), nn.BatchNorm2d(c)
        )
        self.average = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
        self.largest = nn.MaxPool2d(3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one = self.separable(x) + self.largest(x)
        two = self.dilated(one) + self.average(x)
        return torch.cat([one, two, x], dim=1)


def darts() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 1, 1, bias=False),
        nn.BatchNorm2d(8),
        Cell(8),
        nn.ReLU(),
        nn.Conv2d(24, 8, 1, 2, bias=False),
        nn.BatchNorm2d(8),
        Cell(8),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(24, 10),
    )


class Segmentation(nn.Module):
    """Down and up again: transposed convolution, bilinear and nearest upsampling, leaky and soft activations."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 6, 3, 2, 1), nn.LeakyReLU(0.1), nn.Conv2d(6, 8, 3, 2, 1), nn.Softplus())
        self.up = nn.ConvTranspose2d(8, 6, 3, 2, 1, output_padding=1)
        self.smooth = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.near = nn.Upsample(scale_factor=4, mode="nearest")
        self.head = nn.Conv2d(14, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        deep = self.down(x)
        return self.head(torch.cat([self.smooth(torch.tanh(self.up(deep))), self.near(deep)], dim=1)).sigmoid()


class Flat(nn.Module):
    """LeNet: a flattened image in front of the linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.image = nn.Sequential(nn.Conv2d(1, 4, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(4, 6, 3), nn.ELU(), nn.MaxPool2d(2))
        self.rest = nn.Sequential(nn.Linear(6 * 2 * 2, 16), nn.Tanh(), nn.Linear(16, 10), nn.Softmax(dim=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rest(self.image(x).view(x.shape[0], -1))


NETWORKS = {
    "resnet": (resnet, (1, 3, 32, 32)),
    "mobilenet_v2": (mobilenet_v2, (1, 3, 32, 32)),
    "mobilenet_v3": (mobilenet_v3, (1, 3, 32, 32)),
    "efficientnet": (efficientnet, (1, 3, 32, 32)),
    "convnext": (convnext, (1, 3, 32, 32)),
    "vit": (Vit, (1, 3, 32, 32)),
    "speech": (speech, (1, 20, 64)),
    "darts": (darts, (1, 3, 16, 16)),
    "segmentation": (Segmentation, (1, 1, 16, 24)),
    "flat": (Flat, (1, 1, 16, 16)),
}
