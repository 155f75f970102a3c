"""How many seeds the random tests take: 300, or what TOUCHPOINT_ROUTING_SEEDS says (`make soak`)."""

import os

SEEDS = int(os.environ.get("TOUCHPOINT_ROUTING_SEEDS", "300"))
BLOCKS = 10


def of_block(block: int) -> range:
    """The seeds of one of the `BLOCKS` tests that share them."""
    return range(block, SEEDS, BLOCKS)
