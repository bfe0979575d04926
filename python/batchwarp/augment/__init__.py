"""What happens to images: settings, draws, the plan of a batch, statistics; no flows."""
