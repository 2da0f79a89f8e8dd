"""`python -m realtime_nst` is `realtime-nst`."""

from .cli import main

main()
