"""A run of a training script: its record on disk, its fitting, its times."""
