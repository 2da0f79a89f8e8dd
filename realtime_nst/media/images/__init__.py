"""Still images in and out: PNG, JPEG, WebP, TIFF and BMP, and further formats that Pillow reads."""

from .files import ALPHA_SUFFIXES, HEIC_SUFFIXES, READ_SUFFIXES, SUFFIXES, images_in, readable
from .read import Photo, decode_image, over_white, read_image, read_photo
from .size import MAX_PIXELS, check_pixels, jpeg_size
from .write import write_image

__all__ = [
    "ALPHA_SUFFIXES",
    "HEIC_SUFFIXES",
    "MAX_PIXELS",
    "READ_SUFFIXES",
    "SUFFIXES",
    "Photo",
    "check_pixels",
    "decode_image",
    "images_in",
    "jpeg_size",
    "over_white",
    "read_image",
    "read_photo",
    "readable",
    "write_image",
]
