"""Data of chapter 04: training.npz, a recorded training, is made by `models.record` and read by `schedules`."""
