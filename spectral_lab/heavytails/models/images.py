"""Networks for small pictures: ResNet-18 and -34, VGG-16 and -19, and a tiny one whose layers differ much in shape."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from spectral_lab import checks

RESNETS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}  # blocks of each stage
VGGS = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}  # convolutions before each pooling
WIDTHS = (64, 128, 256, 512, 512)


class BasicBlock(nn.Module):
    """Two convolutions and a shortcut, which is a 1x1 convolution where the shape changes (He et al. 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        change = (nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Sequential(*(() if same else change))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d v u"]:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class ResNet(nn.Module):
    """ResNet-18 or -34 for pictures of 32x32: a 3x3 stem of stride 1, four stages, mean pooling, one linear layer.

    Raises: ValueError.
    """

    def __init__(self, depth: int = 18, classes: int = 100, colours: int = 3) -> None:
        super().__init__()
        if depth not in RESNETS:
            raise ValueError(f"depth must be 18 or 34, got {checks.shown(depth)}")
        self.conv1 = nn.Conv2d(colours, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        stages, inputs = [], 64
        for stage, (count, width) in enumerate(zip(RESNETS[depth], WIDTHS[:4], strict=True)):
            blocks = []
            for k in range(count):
                blocks.append(BasicBlock(inputs, width, 2 if stage and not k else 1))
                inputs = width
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.linear = nn.Linear(512, classes)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b classes"]:
        y = F.relu(self.bn1(self.conv1(x)))  # b, 64, 32, 32
        y = self.layer4(self.layer3(self.layer2(self.layer1(y))))  # b, 512, 4, 4
        return self.linear(y.mean((2, 3)))


class VGG(nn.Module):
    """VGG-16 or -19 for pictures of 32x32: 3x3 convolutions with bias and batch norm, pooling, one linear layer.

    Raises: ValueError.
    """

    def __init__(self, depth: int = 16, classes: int = 100, colours: int = 3) -> None:
        super().__init__()
        if depth not in VGGS:
            raise ValueError(f"depth must be 16 or 19, got {checks.shown(depth)}")
        self.plan: list[bool] = []
        inputs = colours
        for count, width in zip(VGGS[depth], WIDTHS, strict=True):
            for k in range(count):
                number = len(self.plan)
                self.add_module(f"conv_{number}", nn.Conv2d(inputs, width, 3, 1, 1))
                self.add_module(f"bn_{number}", nn.BatchNorm2d(width))
                self.plan.append(k == count - 1)  # pooled after the last of each stage
                inputs = width
        self.linear = nn.Linear(512, classes)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b classes"]:
        for number, pooled in enumerate(self.plan):
            x = F.relu(self.get_submodule(f"bn_{number}")(self.get_submodule(f"conv_{number}")(x)))
            x = F.max_pool2d(x, 2) if pooled else x
        return self.linear(x.flatten(1))


class TinyImageNet(nn.Module):
    """Four convolutions and two linear layers with aspect ratios 16, 4, 1, 2, 2 and 25.6, made to differ."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        sizes = ((1, 16), (16, 64), (64, 64), (64, 128))
        for number, (inputs, outputs) in enumerate(sizes, 1):
            self.add_module(f"conv{number}", nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False))
            self.add_module(f"bn{number}", nn.BatchNorm2d(outputs))
        self.linear1 = nn.Linear(128, 256)
        self.linear2 = nn.Linear(256, classes)

    def forward(self, x: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b classes"]:
        for number in range(1, 5):
            x = F.relu(self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(x)))
            x = F.max_pool2d(x, 2) if number == 2 else x
        return self.linear2(torch.relu(self.linear1(x.mean((2, 3)))))
