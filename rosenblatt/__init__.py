"""The command line: `rosenblatt serve | train | import | recommend | profile | score | doctor`.

Each command is one module of the packages below, imported when it is asked for: `serve` loads no
torch, and `train` no BentoML. Nothing imports this package.
"""
