"""Instances: the rows of a native request as arrays, and the arrays of an answer as predictions.

    decoder      which decoder a model needs, from its manifest
    columns      rows of a table: JSON objects by column name
    arrays       plain arrays of numbers
    pictures     encoded pictures
    predictions  an answer as JSON

No HTTP and no settings here: limits are arguments.
"""
