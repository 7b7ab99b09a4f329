"""
Images with an encoder
======================

Any torch module can stand in front of the ensemble. Here it is a small convolutional
network, the images are scikit-learn's digits, and the hierarchy tells loops, strokes
and curves apart.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy

hierarchy = Hierarchy.from_edges(
    [("loop", digit) for digit in "0689"]
    + [("stroke", digit) for digit in "147"]
    + [("curve", digit) for digit in "235"]
)
digits = load_digits()
images = digits.images[:, np.newaxis].astype(np.uint8) * 15  # (rows, 1, 8, 8)
X_train, X_test, y_train, y_test = train_test_split(
    images, digits.target.astype(str), random_state=0
)
encoder = nn.Sequential(
    nn.Conv2d(1, 16, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
)
model = HierarchicalEnsembleClassifier(
    hierarchy,
    encoder=encoder,
    n_estimators=3,
    hidden_layer_sizes=(100,),
    dropout=0.3,
    lr=3e-3,
    max_epochs=20,
    random_state=0,
)
model.fit(X_train, y_train)
print(f"accuracy: {model.score(X_test, y_test):.3f}")

# %%
# ``y`` has one name per row here; the hierarchy adds its ancestors. The images that it
# is least sure about, with what it says and, in brackets, the truth:

import matplotlib.pyplot as plt

unsure = model.predict_uncertainty(X_test, measure="bma").mean(axis=1)
least = np.argsort(-unsure)[:8]
said = model.predict(X_test[least])
figure, axes = plt.subplots(2, 4, figsize=(7, 4), layout="constrained")
for ax, row, name in zip(axes.flat, least, said, strict=True):
    ax.imshow(X_test[row, 0], cmap="gray_r")
    ax.set_title(f"{name} ({y_test[row]})")
    ax.axis("off")
plt.show()

# %%
# A large network that was trained elsewhere goes in the same place, frozen
# (``freeze_encoder=True``) or with a small rate of its own (``encoder_lr``); see
# :doc:`/user_guide/images`.
