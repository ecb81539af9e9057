"""Kinds of models that `fit` tries on images."""
