"""What an import may change in a graph, one file a change.

Each function changes the model it is given and returns what it did, one sentence each, for the
manifest's ImportRecord. None of them changes the graph's answers, except where a person asks for
probabilities in place of scores.
"""
