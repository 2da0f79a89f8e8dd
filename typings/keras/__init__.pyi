# Keras 3 carries no usable types: from its sources pyright infers that any operation may return None.
from typing import Any

def __getattr__(name: str) -> Any: ...
