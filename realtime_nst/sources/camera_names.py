"""Camera names, which OpenCV does not know."""

from __future__ import annotations

from pathlib import Path

from ..errors import SourceError
from .capture import capture_backends


def find_camera(wanted: str) -> tuple[int, str]:
    names = camera_names()
    fits = {i: name for i, name in names.items() if wanted.lower() == name.lower()}
    fits = fits or {i: name for i, name in names.items() if wanted.lower() in name.lower()}
    if len(fits) == 1:
        return next(iter(fits.items()))
    known = ", ".join(f"{index} ({name})" for index, name in (fits or names).items())
    if fits:
        raise SourceError(f"several cameras are called '{wanted}': {known}; give the index")
    raise SourceError(
        f"'{wanted}' is no file, URL or camera; "
        + (f"there are the cameras {known}" if known else "no camera tells its name here: give its index, such as 0")
    )


def camera_names() -> dict[int, str]:
    """Camera names by index, where the system tells them; OpenCV itself cannot."""
    try:
        from cv2_enumerate_cameras import enumerate_cameras
    except ImportError:
        folders = Path("/sys/class/video4linux").glob("video*")
        return {int(f.name[5:]): (f / "name").read_text().strip() for f in sorted(folders)}
    return {info.index: info.name for info in enumerate_cameras(capture_backends()[0][1])}
