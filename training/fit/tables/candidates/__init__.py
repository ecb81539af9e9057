"""The kinds of model that `fit` tries, one file each; `catalogue` lists them."""
