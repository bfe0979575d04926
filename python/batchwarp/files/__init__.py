"""Image files: how they are found, read, decoded, cached and written."""
