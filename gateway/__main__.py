"""`python -m gateway`."""

import gc

# What imports make stays; looking through it for garbage takes a tenth of the time until the gateway serves.
gc.disable()
from gateway.server import main  # noqa: E402

gc.freeze()
gc.enable()

main()
