"""What can be done to images, one module for each operation."""
