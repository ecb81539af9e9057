"""`fit` on UCI's tables, against the best figures of a prototype."""
