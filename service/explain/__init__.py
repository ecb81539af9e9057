"""Explanations of single answers.

method      what every method takes and returns
question    one row, the class that is explained, and how to ask the model
players     the parts of a row that methods take away: patches, columns, words
shapley     Shapley values by sampling, for every model
occlusion   what the answer loses without a part, for every model
worker      one thread, with a bounded queue
lazy        graphs that are loaded when they are first asked
graphs      explanation graphs that are exported beside a model
catalogue   the methods of a model, the default first
"""
