"""Pictures of one's own: how many digits are read right with a fit, and how many draw a warning.

kinds    makes the pictures
measure  accuracy and warnings of each kind
evidence why the range of a manifest is as wide as it is, and which cut JPEGs are refused
run      `python -m benchmarks pictures`
"""
