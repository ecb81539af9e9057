"""One worker process of `service.supervisor`: BentoML's application behind a server that can drain.

__main__     what the supervisor starts
run          loads the models and serves
server       uvicorn's server, which takes connections when told to and drains when replaced
connection   an HTTP connection that can move to another worker between two requests
handover     how idle connections move
control      what the application asks of the supervisor
framework    BentoML, as its own worker sets it up
"""
