"""
Your own network, loss and callback
===================================

The parts of the classifier are torch modules that work in any training loop: the max
constraint, which makes scores coherent, and the loss with weights of nodes. And what
the classifier itself does in training can be watched and changed by callbacks.
"""

import torch
from sklearn.model_selection import train_test_split

from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.losses import HierarchicalFocalLoss, node_weights
from sklearn_hmlc.metrics import au_prc
from sklearn_hmlc.nn import MaxConstraint

X, Y, hierarchy = make_hierarchical_multilabel(
    n_samples=1000, n_features=30, n_nodes=40, random_state=0
)
X_train, X_test, Y_train, Y_test = train_test_split(
    torch.from_numpy(X).float(), torch.from_numpy(Y).bool(), random_state=0
)

# %%
# A loop of your own
# ------------------
#
# Two losses for one network: this library's, and one that is written here, in which
# negatives that are hardly probable count little. Both are taken after the max
# constraint in its training form, which gets the labels too.

constraint = MaxConstraint(hierarchy)
weight = torch.from_numpy(node_weights(Y_train.numpy(), power=0.5, floor=None)).float()
library_loss = HierarchicalFocalLoss(hierarchy, node_weight=weight, uncertainty=None)


def own_loss(logits, y):
    """Binary cross entropy whose easy negatives are turned down, of (M, B, C)."""
    scores = constraint(logits, y)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        scores, y.float().expand_as(scores), reduction="none"
    )
    return torch.where(y, loss, torch.sigmoid(scores).sqrt() * loss).mean()


def train(loss, n_epochs=40):
    """Return the losses of the epochs, and the network."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(30, 100), torch.nn.ReLU(), torch.nn.Linear(100, 40)
    )
    adam = torch.optim.Adam(network.parameters(), lr=3e-3)
    history = []
    for _ in range(n_epochs):
        for rows in torch.randperm(len(X_train)).split(64):
            adam.zero_grad()
            value = loss(network(X_train[rows])[None], Y_train[rows])  # one member
            value.backward()
            adam.step()
        history.append(value.item())
    return history, network


import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
for name, loss in {"this library's": library_loss, "own": own_loss}.items():
    history, network = train(loss)
    with torch.no_grad():
        proba = torch.sigmoid(constraint(network(X_test)))
    score = au_prc(Y_test.numpy(), proba.numpy(), hierarchy=hierarchy)
    ax.plot(history, label=name)
    print(
        f"{name:15} AU(PRC) {score:.3f}, coherent: {hierarchy.is_closed(proba > 0.5)}"
    )
ax.set(xlabel="Epoch", ylabel="Loss", yscale="log")
ax.legend()
plt.show()

# %%
# A callback in the classifier
# ----------------------------
#
# ``net_params`` takes what skorch takes, callbacks among it. This one writes down how
# large the weights of the network get:

from skorch.callbacks import Callback

from sklearn_hmlc import HierarchicalEnsembleClassifier


class WeightNorm(Callback):
    """Record the norm of all weights after each epoch."""

    def on_epoch_end(self, net, **kwargs):  # noqa: ARG002
        """Write it beside the losses."""
        weights = torch.nn.utils.parameters_to_vector(net.module_.parameters())
        net.history.record("norm", float(weights.norm().detach()))


model = HierarchicalEnsembleClassifier(
    hierarchy,
    n_estimators=2,
    hidden_layer_sizes=(100,),
    max_epochs=5,
    net_params={"callbacks": [("norm", WeightNorm())]},
    random_state=0,
)
model.fit(X_train.numpy(), Y_train.numpy())
print([round(epoch["norm"], 1) for epoch in model.net_.history])
