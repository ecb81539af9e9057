"""Encoded pictures as pixels: bytes -> audit -> decode -> upright -> channels. No HTTP.

    decode        a picture of the model's own size and channels
    read          a picture of any size, for a fit
    png, jpeg     the audit of each format
    transparency  a PNG's transparent colours
    exif          which way up a picture is
    channels      grey, RGB and opacity
    refused       why a picture is not decoded
    encode        an image of the model as a PNG

Pillow inflates and unpacks the pixels of a PNG after its audit, and simplejpeg those of a JPEG.
Pillow's file readers are not used, so texts, profiles and makers' notes are never read.
"""

from service.instances.pictures.decode import decode, read

__all__ = ["decode", "read"]
