"""As few parcels as can be; among equals the better one."""

from __future__ import annotations

from app.routing.contract import Weights


class FewestParcels:
    """A parcel outweighs everything else."""

    weights = Weights(parcel=100_000_000)


strategy = FewestParcels()
