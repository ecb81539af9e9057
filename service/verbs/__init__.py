"""The verbs of the product, each decode, run, encode; the routes only translate HTTP."""
