"""`fit`: data with a target to measured, served models.

File -> problem -> plan -> splits -> candidates -> comparison -> verdict -> graphs -> repository.

    command     options, progress and the answer on a terminal
    run         every step in order
    publish     a candidate -> card, pictures, version
    tables/     a kind of data: reading it, its leaks, its candidates; and where the kind is chosen
    texts/      another kind: a column of free text
    images/     another kind: a folder or zip of pictures
    report      sentences, and the comparison as the manifest keeps it
    plan        the guide's advice and what will be done, shown before it is done
    costs       size, time and memory of a graph
    verdict     which candidates differ, and which one to take
    export      a candidate -> graph, parity, golden samples; importance  of the columns
    comparison  the candidates over the splits, within the budget
    predictor   calibrated answers, and the mean of two candidates
    problem     what is to be learnt, and what a kind of data brings
    scores      figures of predictions; intervals  paired differences
    candidate   what every candidate takes and gives
    options     what the user asked for; clock  the budget
    splits      rows -> train, validation, test
    graph       nodes and constants under construction

A kind of data alone knows what a row is; the steps know rows by number. `run` chooses the kind, and
looks into tables for leaks.
"""
