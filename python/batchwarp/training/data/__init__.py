"""Pictures to train on: found, downloaded, read, checked or drawn."""
