"""`python -m realtime_nst` is `realtime-nst`."""

from .cli.app import main

main()
