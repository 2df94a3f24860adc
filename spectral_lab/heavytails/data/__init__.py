"""What chapter 05 reads: checkpoints of strangers, one tensor at a time."""

from __future__ import annotations

from spectral_lab.datasets import Dataset, File
from spectral_lab.heavytails.data.checkpoints import Checkpoint, Entry, of_tensors, open_checkpoint

DATASETS = {
    "cifar100": Dataset(
        "cifar100",
        "CIFAR-100, 60 000 colour images in 100 classes, binary version",
        (
            File(
                "cifar-100-binary.tar.gz",
                168_513_733,
                "sha256:58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
                ("https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",),
            ),
        ),
    )
}

__all__ = ["DATASETS", "Checkpoint", "Entry", "of_tensors", "open_checkpoint"]
