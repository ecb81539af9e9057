"""Encoded pictures as pixels: bytes -> audit -> decode -> upright -> grey. No HTTP.

    decode   bytes -> uint8 [height, width]; the one seam where errors are translated
    png      a PNG, audited chunk by chunk
    jpeg     a JPEG, audited segment by segment
    exif     which way up a picture is
    refused  what all of them raise

Pillow inflates and unpacks what the audits let through; its file readers are not used, so no
text, profile or maker's note is ever looked at.
"""

from service.inference.pictures.decode import decode

__all__ = ["decode"]
