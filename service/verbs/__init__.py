"""The operations on models, each as decode, run and encode; the routes only translate HTTP."""
