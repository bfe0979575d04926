"""What real runs of the training scripts reached: histories, curves and the table of them."""
