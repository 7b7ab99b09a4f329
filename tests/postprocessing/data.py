"""Labels and classifiers that the tests of this folder share."""

from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier

from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier
from tests.classifier.common import TREE, make_data

X, Y = make_data()
# Columns of frames in another order than the nodes.
TURNED = list(TREE.nodes[::-1])

FOREST = RandomForestClassifier(n_estimators=10, max_depth=3, random_state=0)
LOGISTIC = MultiOutputClassifier(LogisticRegression())
WRAPPERS = [
    CoherentClassifier(FOREST, TREE),
    NodeThresholdClassifier(CoherentClassifier(FOREST, TREE), cv=2, random_state=0),
]
