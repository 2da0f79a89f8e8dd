# PyTorch is not among the dependencies: it only trains, and only where it is installed.
from typing import Any

def __getattr__(name: str) -> Any: ...
