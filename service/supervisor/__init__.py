"""Starts the worker processes, restarts those that die and replaces them one by one.

    run         the whole: listening socket, signals, exit status
    changes     what is to be reloaded, one replacement at a time
    replacement new workers for old ones, or none if the first refuses a version
    fleet       the workers that serve, restarted when they die
    spawner     starts a process with the sockets that it inherits
    process     one worker: what it reports and what it is told
    channel     messages between supervisor and worker, over an inherited socket pair
    messages    what they tell each other
    folder      whether the model repository has changed
    listener    the one TCP port

Imports the standard library alone, so that the process stays small; docs/decisions/0020 says why it
exists.
"""
