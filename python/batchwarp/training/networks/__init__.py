"""The networks that are trained, and what can be asked of their layers."""
