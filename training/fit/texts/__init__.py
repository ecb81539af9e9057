"""A column of free text as a kind of data.

    kind         what `Kind` asks for
    tfidf        TF-IDF and a linear model
    minilm       a frozen sentence encoder and a linear model
    encoder      the encoder in torch; encoder_graph  as nodes
    wordpiece    words -> the pieces that the encoder reads; letters  of words that are not known
    terms        words and pairs of words -> counts, weights and scores, in NumPy and as nodes
    inputs       the input of the graphs
    read         which column is learnt from
    words        a text -> words, in Python and as nodes

The tokenisation is inside the graph, in standard operators (docs/fit-text.md).
"""
