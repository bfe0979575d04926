"""Recipes of operations, in batchwarp and in the libraries that it is compared with.

`work` says what is done, each other module how a library does it; what such a library is called
comes from its distribution, and it is imported only to be measured.
"""

from __future__ import annotations

from . import albumentations, augrs, dali, keras, kornia, kornia_rs, torchvision, variopinta

PEERS = (
    albumentations.PEER,
    augrs.PEER,
    variopinta.PEER,
    kornia_rs.PEER,
    torchvision.PEER,
    kornia.PEER,
    keras.PEER,
    dali.PEER,
)
