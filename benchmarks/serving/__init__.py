"""Serving, measured: this service against its peers and against the floors, on loopback.

    contenders   who: how each starts, in an environment of its own
    questions    what each is asked: the bytes of a request, and whether an answer is right
    process      one running contender: its address, its CPU time, its memory
    closed       wrk: a request in flight per connection
    tails        requests at due times, at a share of what the contender can do
    overload     requests at ten times of what it can do

Every figure is of one worker and one ONNX Runtime thread, and of the same model file. Servers are
measured alone and in turns, so that a slow minute of the machine hits all; only ratios of one run
are claims.
"""
