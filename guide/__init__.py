"""The guide as a program: it takes the facts of a problem and returns a decision with reasons.

    documents   the package's data files; latencies  what kinds of models were measured to take
    facts       what can be stated of a problem
    rules       `rules.yaml`, parsed and checked; conditions  what a rule tests
    space       facts as bit masks, as far as the rules can tell them apart, in buckets
    resolution  how the clauses that fire combine; engine  which fire, and the outcome
    search      exact searches over the states of facts; analysis  what would change the verdict
    candidates  what to try and to read; tables  the data files beside the rules
    latency     a bound against what was measured; bearing  what else the facts mean
    trace       what each rule did; sentences  the decision in words; decision  its schema
    recommend   facts -> decision; short  the part that people read first; report  it as text

Nothing here knows HTTP or inference.
"""
