"""The training scripts behind `batchwarp train`: each is a module with a `SCRIPT`."""
