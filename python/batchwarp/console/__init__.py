"""What the tools of the command line have in common. Nothing here knows what they do."""
