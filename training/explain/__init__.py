"""Explanation graphs: what each part of a row contributes to a model's answer, as ONNX.

ensembles   the trees of a served graph, with the training rows that reach each leaf
preorder    trees whose nodes stand in preorder, with the value of every node
paths       contributions of the splits along the decision paths
tree_shap   Shapley values of trees, exact
linear      weight times value
backward    the mean gradient of a network along a line, operator by operator
gradients   integrated gradients
answers     how contributions become the three outputs
layers      the feature maps of a network as outputs, and what excites each channel
digits      the graphs of the models of this repository
command     `python -m training explain`
"""
