"""Data of chapter 04: a recorded training, made by `training.py` into training.npz and read by `schedules`."""

from spectral_lab.datasets import Dataset

DATASETS: dict[str, Dataset] = {}
