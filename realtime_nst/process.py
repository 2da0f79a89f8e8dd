"""What is set once in a process that is all this program's."""

from __future__ import annotations

import os
import sys


def quiet_runtimes() -> None:
    """Keep TensorFlow and OpenVINO to running networks. To be called before either is imported."""
    # TensorFlow's own start-up log, not its errors: those are Python's.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # OpenVINO's model converter, which is not called here, is over half of OpenVINO's import and reports it
    # to Intel over the network.
    sys.modules.setdefault("openvino.tools.ovc", None)
