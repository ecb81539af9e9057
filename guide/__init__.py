"""The guide as a program: facts of a problem in, an argued decision out.

No HTTP and no inference in here. `facts` are what is asked, `rules.yaml` is what the guide says,
`engine` lets the rules meet, `analysis` asks what would change the verdict, `recommend` argues it.
"""
