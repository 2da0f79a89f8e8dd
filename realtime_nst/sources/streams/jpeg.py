"""A frame that a camera has sent as a JPEG."""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import Any, cast

import cv2
import numpy.typing as npt

from ...errors import CorruptFrameError
from ...frames import Frame, Image
from ...media.images import check_pixels, jpeg_size


class EncodedFrame:
    """A frame as the camera sent it: a JPEG that is decoded when `image` is first accessed.

    Dropped frames are then never decoded, and the pipeline decodes the others while the network's threads rest: on two
    cores, decoding at the same time as the network takes longer than decoding between its runs.

    Attributes:
        time: seconds, as in `Frame.time`.
    """

    def __init__(self, jpeg: npt.NDArray[Any], time: float, name: str) -> None:
        """Keep a JPEG for later.

        Args:
            jpeg: uint8, the bytes of the JPEG in any shape.
            time: seconds, as in `Frame.time`.
            name: the camera's name in messages.
        """
        self.time = time
        self._jpeg, self._name = jpeg, name

    @cached_property
    def image(self) -> Image:
        """The image, uint8 BGR, H x W x 3.

        Raises:
            CorruptFrameError: if it cannot be decoded or is too large.
        """
        image = None
        if size := jpeg_size(self._jpeg.tobytes()):  # a small JPEG may announce gigabytes of pixels
            check_pixels(
                size, f"a frame of {self._name}", CorruptFrameError, advice="set the camera to a smaller picture"
            )
            with contextlib.suppress(cv2.error):
                image = cv2.imdecode(self._jpeg, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None:
            raise CorruptFrameError(
                f"{self._name} sends frames that cannot be decoded; check its cable or network and start again"
            )
        return cast(Image, image)


def at_time(frame: Frame, time: float) -> Frame:
    """Return a frame with another time. An EncodedFrame has the attributes of a Frame."""
    encoded = cast(object, frame)
    if isinstance(encoded, EncodedFrame):
        encoded.time = time
        return frame
    return frame._replace(time=time)
