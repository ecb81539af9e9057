"""Explanation graphs: what each part of a row contributes to a model's answer, as ONNX.

preorder    trees whose nodes stand in preorder, with the value of every node
paths       contributions of the splits along the decision paths
tree_shap   Shapley values of trees, exact
linear      weight times value
backward    reverse-mode differentiation of a graph's operators
gradients   integrated gradients
answers     how contributions become the three outputs, and their check
digits      the graphs of the models of this repository
"""
