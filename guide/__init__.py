"""The guide as a program: it takes the facts of a problem and returns a decision with reasons.

    facts       what can be stated of a problem
    rules       `rules.yaml`, parsed and checked; conditions  what a rule tests
    space       facts as bit masks, as far as the rules can tell them apart
    engine      which rules apply, and the verdict
    analysis    what would change the verdict
    candidates  what to try and to read; tables  the data files beside the rules
    trace       what each rule did; sentences  the decision in words; decision  its schema
    recommend   facts -> decision

Nothing here knows HTTP or inference.
"""
