"""A column of free text as a kind of data.

    kind         what `Kind` asks for
    tfidf        TF-IDF and a linear model
    terms        words and pairs of words -> counts, weights and scores, in NumPy and as nodes
    inputs       the input of the graphs
    read         which column is learnt from
    words        a text -> words, in Python and as nodes

The tokenisation is inside the graph, in standard operators (docs/fit-text.md).
"""
