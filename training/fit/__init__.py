"""`fit`: from a table with a target to measured, served models.

File -> problem -> plan -> splits -> candidates -> comparison -> verdict -> graphs -> repository.

    command     options, progress and the answer on a terminal
    run         every step in order
    report      sentences and tables; record  the comparison as the manifest keeps it
    publish     a candidate -> graph, parity, golden samples, card, version
    verdict     which candidates differ, and which one to take
    comparison  the candidates over the splits, within the budget
    candidates/ one file per kind of model: rows -> fitted model -> nodes of a graph
    plan        what will be done, shown before it is done
    leaks       columns that know the answer
    problem     a file -> features, target, rows that belong together
    splits      rows -> train, validation, test
    encoding    categories -> codes, the same in training and in the graph
    graph       nodes and constants under construction; inputs  the tensors of the columns
    scores      figures of predictions; intervals  paired differences
    clock       the budget in seconds
    options     what the user asked for
"""
