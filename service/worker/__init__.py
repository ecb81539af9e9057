"""One worker process of `service.supervisor`: BentoML's application behind a server that can drain.

__main__     what the supervisor starts
run          loads the models and serves
server       uvicorn's server, which takes connections when told to and drains when replaced
connection   an HTTP connection that can move to another worker between two requests
guarded      its limits of time and size, and its refusals of broken requests
pipeline     back-pressure for requests that are sent ahead of their answers
state        what the connections of a worker share
failure      why a worker cannot start
limits       what a connection may cost
refusal      answers to requests that do not reach the application
overload     what connections over the limit are answered
handover     how idle connections move
control      what the application asks of the supervisor
framework    BentoML, as its own worker sets it up
"""
