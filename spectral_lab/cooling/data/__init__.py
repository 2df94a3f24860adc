"""Data of chapter 04: training.npz, a recorded training, is made by `models.record` and read by `schedules`."""

from spectral_lab.datasets import Dataset

DATASETS: dict[str, Dataset] = {}
