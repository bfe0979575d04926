"""The product behind `batchwarp train`, `predict` and `visualize`, in wings.

`scripts` are what the user starts, `run` does what they all do alike, `data` provides pictures,
`networks` the models, `results` shows what has come of it. Keras and matplotlib are imported when
they are needed.
"""
