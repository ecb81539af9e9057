"""Decoding of pictures: bytes -> audit -> decode -> upright -> grey. Independent of HTTP.

    decode   bytes -> uint8 [height, width]; the one place that translates foreign errors
    png      audits a PNG chunk by chunk
    jpeg     audits a JPEG segment by segment
    exif     the orientation of a picture
    refused  the error that all of them raise

Pillow decompresses the pixel data after the audit. Its file readers are not used, so texts, colour
profiles and maker's notes are never parsed.
"""

from service.inference.pictures.decode import decode

__all__ = ["decode"]
