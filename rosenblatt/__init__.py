"""The command line, `rosenblatt COMMAND`: serve, train, fit, transfer, import, score and others.

Each command is one module of the packages below, imported when it is asked for: `serve` loads no
torch, and `train` no BentoML. Nothing imports this package.
"""
