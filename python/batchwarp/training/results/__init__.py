"""What comes out of a training: evaluation, report, pictures, the saved model and its use."""
