"""The serving benchmark: this service against its peers and against floors, on loopback.

    contenders   the servers: how each starts, in its own environment
    requests     the bytes of a request, and the check of its response
    process      a running contender: its address, CPU time and memory
    closed       closed loop with wrk: one request in flight per connection
    tails        open loop at a share of the contender's capacity
    overload     open loop at ten times the capacity

Every server has one worker, one ONNX Runtime thread and the same model file. The servers are
measured one at a time and in turns, so that a slow phase of the machine affects all of them; only
ratios within one run are claims.
"""
