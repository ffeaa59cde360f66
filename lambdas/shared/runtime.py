"""How a function's process is set up: its AWS clients and its garbage collector.

Belongs here: what every stream function shares of that. Which client a function needs belongs in
its handler.
"""

import gc

from botocore.config import Config

# botocore checks each parameter against its model, in Python: a third of the CPU of a batch of
# statements. Ours are built by typed code, and AWS checks them again.
CLIENT = Config(parameter_validation=False, connect_timeout=5, read_timeout=10)
_ALLOCATIONS = 50_000  # a batch of 1,000 events makes about as many, and hardly a cycle


def settle_garbage_collection() -> None:
    """Keeps the garbage collector from walking over all modules several times in each batch.

    Called once, when everything is imported: that stays. Memory is freed by counting references as
    before; only cycles wait longer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 20, 20)
