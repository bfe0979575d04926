"""Image files: how they are found, read, decoded and written."""
