"""Transfer learning: a served network's convolutions kept, its dense layers learnt anew.

Source and data -> comparison -> a model of all labels -> graph, parity, manifest -> repository.

    command     options, progress and the answer on a terminal
    run         every step in order
    compare     transfer, a network from scratch and a forest, by labels a class
    picture     accuracy by labels a class; figures  what was measured, also as JSON
    approaches  what is compared, each with its settings chosen on validation rows
    data        a folder a class, or scikit-learn's digits, in three parts
    mnist_form  a picture -> MNIST's form
    networks    the network with a new head, and the same network from random weights
    source      a version of the repository -> its layers in torch, checked against its graph
    layers      the nodes of a graph as torch modules
    options     what the user asked for

Nothing is chosen with the test images.
"""
