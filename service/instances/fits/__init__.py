"""Fits: a picture of any size becomes an image of the model's form, and a report says how.

    fit         which fits there are, and the one function that applies them
    resize      the whole picture, scaled and padded
    mnist       the ink of a digit, normalised as MNIST's are
    background  ink apart from its background
    strokes     specks and edges apart from the digit

Every fit changes pixels, so none is applied unless a request names it.
"""

from service.instances.fits.fit import FITS, Fit, FitReport, apply, parse_fit

__all__ = ["FITS", "Fit", "FitReport", "apply", "parse_fit"]
