"""The two networks: a small ResNet, and a small vision transformer of MCUFormer's search space.

In that space heads and MLP ratio are chosen for each block, the width and the patch size for the whole network, and a head
has 64 channels whatever the width is, so that attention may be wider than the tokens.
"""

from __future__ import annotations

import torch
from torch import nn

HEAD = 64


class Residual(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.a = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.na = nn.BatchNorm2d(after)
        self.b = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.nb = nn.BatchNorm2d(after)
        same = stride == 1 and before == after
        self.past = None if same else nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.na(self.a(x)))
        y = self.nb(self.b(y))
        return torch.relu(y + (x if self.past is None else self.past(x)))


class ResNet(nn.Sequential):
    def __init__(self, widths: tuple[int, ...] = (12, 24, 48), classes: int = 10) -> None:
        first = [nn.Conv2d(1, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()]
        blocks, before = [], widths[0]
        for index, width in enumerate(widths):
            blocks.append(Residual(before, width, 1 if index == 0 else 2))
            before = width
        super().__init__(*first, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, classes))


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * heads * HEAD)
        self.out = nn.Linear(heads * HEAD, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, _ = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, HEAD).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q @ k.transpose(-2, -1)) * HEAD**-0.5
        mixed = scores.softmax(-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(batch, tokens, self.heads * HEAD))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, ratio: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, int(width * ratio)), nn.GELU(), nn.Linear(int(width * ratio), width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self, width: int = 64, heads: tuple[int, ...] = (2, 1), ratios: tuple[float, ...] = (3, 3.5)) -> None:
        super().__init__()
        self.patch = nn.Conv2d(1, width, 8, 8)
        self.place = nn.Parameter(torch.randn(1, 17, width) * 0.02)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.blocks = nn.Sequential(*(Block(width, h, r) for h, r in zip(heads, ratios)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(tokens.shape[0], -1, -1), tokens], 1) + self.place
        return self.head(self.norm(self.blocks(tokens))[:, 0])


NETWORKS = {"shapes-resnet": (ResNet, 6, 3e-3), "shapes-vit": (ViT, 30, 2e-3)}
