"""`python -m service.doctor`: does this installation work, and do the models serve?

__main__      prints a line per check
installation  Python, the serving set and its versions, usage reports
limits        settings that contradict each other, memory, open files, temporary files
port          whether the port is free
repository    the guide's rules, and every model, loaded as a worker loads it
lock          requirements/serve.txt
memory        what a control group grants
check         the outcome of a check
"""
