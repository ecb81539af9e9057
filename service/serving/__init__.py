"""The models of a process: each loaded version with its parts, and the refused versions."""
