"""The formulas written out slowly: what the tests compare the package with.

Dense NumPy and plain loops, nothing shared with the package. A hierarchy comes in as
``reach``, the boolean matrix (C, C) with ``reach[i, j]`` true where ``j`` is in
``D(i)``, node ``i`` with all its descendants; `reach_of` makes it from a `Hierarchy`.
Letters: B rows, M members, C nodes; logits and probabilities are (M, B, C).
"""

import numpy as np

# The golden numbers were computed with this added inside each logarithm, and to the
# divisor of the variance gate. The formulas themselves have none.
GOLDEN_EPS = 1e-10


# -- hierarchy ---------------------------------------------------------------------


def transitive_closure(n_nodes, edges):
    """Floyd-Warshall: ``reach[i, j]`` where j is i or a descendant of i."""
    reach = np.eye(n_nodes, dtype=bool)
    for parent, child in np.asarray(edges, dtype=int).reshape(-1, 2):
        reach[parent, child] = True
    for via in range(n_nodes):
        for i in range(n_nodes):
            for j in range(n_nodes):
                reach[i, j] |= reach[i, via] and reach[via, j]
    return reach


def reach_of(hierarchy):
    """`transitive_closure` of a `Hierarchy`, by squaring until nothing is new."""
    reach = np.eye(hierarchy.n_nodes, dtype=int)
    for parent, child in hierarchy.edges.tolist():
        reach[parent, child] = 1
    for _ in range(hierarchy.n_nodes.bit_length()):
        reach = (reach @ reach > 0).astype(int)
    return reach.astype(bool)


def longest_depth(reach):
    """Edges on the longest path from a root: the longest chain of ancestors."""
    strict = reach & ~np.eye(len(reach), dtype=bool)
    depth = np.zeros(len(reach), dtype=int)
    for _ in range(len(reach)):
        for i, j in np.argwhere(strict):
            depth[j] = max(depth[j], depth[i] + 1)
    return depth


def close(Y, reach):
    """Positive where some descendant (or the node itself) is."""
    Y = np.asarray(Y, dtype=bool)
    closed = np.zeros_like(Y)
    for i in range(len(reach)):
        closed[:, i] = Y[:, reach[i]].any(axis=1)
    return closed


def is_closed(Y, reach):
    """No node without an ancestor."""
    Y = np.asarray(Y, dtype=bool)
    return not any(
        (Y[:, j] & ~Y[:, i]).any()
        for i in range(len(reach))
        for j in np.flatnonzero(reach[i])
    )


def most_specific(Y, reach):
    """Positive nodes of closed labels that have no positive descendant."""
    Y = np.asarray(Y, dtype=bool)
    specific = Y.copy()
    for i in range(len(reach)):
        below = reach[i].copy()
        below[i] = False
        specific[:, i] &= ~Y[:, below].any(axis=1)
    return specific


# -- coherence ---------------------------------------------------------------------


def max_constraint(x, reach):
    """``max over j in D(i) of x[..., j]``, for logits or probabilities."""
    x = np.asarray(x)
    out = np.empty_like(x)
    for i in range(len(reach)):
        out[..., i] = x[..., reach[i]].max(axis=-1)
    return out


def max_constraint_training(x, y, reach):
    """MCLoss: where ``y[i] = 1`` the maximum is over the ``j`` with ``y[j] = 1``."""
    x = np.asarray(x)
    y = np.asarray(y, dtype=bool)
    out = np.empty_like(x)
    for index in np.ndindex(x.shape[:-1]):
        row = y[index[-1]]
        for i in range(len(reach)):
            allowed = reach[i] & row if row[i] else reach[i]
            out[(*index, i)] = x[index][allowed].max()
    return out


def winners(x, reach, y=None):
    """Which node holds each maximum; of ties, itself first, then the lowest index.

    The gradient of the constrained output goes to these nodes alone.
    """
    x = np.asarray(x)
    out = np.empty(x.shape, dtype=int)
    y = np.zeros(x.shape[-2:], bool) if y is None else np.asarray(y, bool)
    for index in np.ndindex(x.shape[:-1]):
        row = y[index[-1]]
        for i in range(len(reach)):
            allowed = np.flatnonzero(reach[i] & row if row[i] else reach[i])
            best = x[index][allowed].max()
            tied = [j for j in allowed if x[index][j] == best]
            out[(*index, i)] = i if i in tied else tied[0]
    return out


# -- uncertainty: (M, B, C) -> (B, C) ----------------------------------------------


def binary_entropy(p, eps=0.0):
    """H2 in bits; 0 at 0 and 1."""
    return -(_times_log2(p, p, eps) + _times_log2(1 - p, 1 - p, eps))


def bma(p, eps=0.0):
    return 1 - np.abs(2 * p.mean(axis=0) - 1)


def gmu(p, eps=0.0):
    """One member has no spread: the gate is open, which leaves `bma`."""
    margin = np.abs(2 * p.mean(axis=0) - 1)
    spread = p.std(axis=0, ddof=1) if len(p) > 1 else np.zeros(p.shape[1:])
    with np.errstate(divide="ignore", invalid="ignore"):
        gate = 1 - np.exp(-margin / (2 * spread + eps))
    return 1 - np.where(margin == 0, 0.0, gate * margin)


def predictive(p, eps=0.0):
    return binary_entropy(p.mean(axis=0), eps)


def aleatoric(p, eps=0.0):
    return binary_entropy(p, eps).mean(axis=0)


def mutual_information(p, eps=0.0):
    return predictive(p, eps) - aleatoric(p, eps)


def epistemic_js(p, eps=0.0):
    """Mean over ordered pairs of two different members; 0 where there is one."""
    return _mean_over_pairs(p, lambda a, b: _jensen_shannon(a, b, eps))


def epistemic_kl(p, eps=0.0):
    """As `epistemic_js`; clipped at 0 from below, infinite at p = 0 against q > 0."""
    return np.maximum(_mean_over_pairs(p, lambda a, b: _kl(a, b, eps)), 0)


MEASURES = {
    "aleatoric": aleatoric,
    "bma": bma,
    "epistemic_js": epistemic_js,
    "epistemic_kl": epistemic_kl,
    "gmu": gmu,
    "mutual_information": mutual_information,
    "predictive": predictive,
}


def _times_log2(weight, p, eps):
    """``weight * log2(p)``, 0 where the weight is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(weight == 0, 0.0, weight * np.log2(p + eps))


def _kl(p, q, eps):
    return (
        _times_log2(p, p, eps)
        - _times_log2(p, q, eps)
        + _times_log2(1 - p, 1 - p, eps)
        - _times_log2(1 - p, 1 - q, eps)
    )


def _jensen_shannon(p, q, eps):
    middle = (p + q) / 2
    return (_kl(p, middle, eps) + _kl(q, middle, eps)) / 2


def _mean_over_pairs(p, divergence):
    pairs = [(a, b) for a in range(len(p)) for b in range(len(p)) if a != b]
    if not pairs:
        return np.zeros(p.shape[1:])
    return np.mean([divergence(p[a], p[b]) for a, b in pairs], axis=0)


# -- loss --------------------------------------------------------------------------


def node_weights(Y, scheme="binary", floor=0.25, power=1.0):
    """Weight of each node's positives, one node at a time.

    ``floor=None``: the weights as they are, not rescaled. Rescaling wants at least two
    different weights, since it divides by their range.
    """
    Y = np.asarray(Y, dtype=bool)
    n_rows, n_nodes = Y.shape
    v = np.ones(n_nodes)
    for i in range(n_nodes):
        n = Y[:, i].sum()
        if 0 < n < n_rows:
            v[i] = n_rows / ({"binary": 2, "class-wise": n_nodes}[scheme] * n)
    v = v**power
    if floor is None:
        return v
    return floor + v.max() * (v - v.min()) / (v.max() - v.min())


def binary_cross_entropy(q_logits, y):
    """From logits, stable: ``log(1 + exp(z)) - y z``."""
    return np.logaddexp(0, q_logits) - np.asarray(y) * q_logits


def hierarchical_focal_loss(
    logits,
    y,
    reach,
    *,
    node_weight=None,
    uncertainty="gmu",
    focal_exponent=1.0,
    focal_floor=0.25,
    mix=1.0,
    scored=None,
    eps=0.0,
):
    """Sum over members, rows and scored nodes of w * BCE, divided by B and M."""
    n_members, n_rows, n_nodes = logits.shape
    y = np.asarray(y, dtype=bool)
    positive = np.ones(n_nodes) if node_weight is None else np.asarray(node_weight)
    focal = np.ones((n_rows, n_nodes))
    if uncertainty is not None:
        p = 1 / (1 + np.exp(-logits))
        # Differences of equal numbers may round to a little below 0.
        doubt = np.maximum(MEASURES[uncertainty](p, eps), 0)
        focal = focal_floor + doubt**focal_exponent
    weight = mix * np.where(y, positive, 1.0) * focal + (1 - mix)
    q = max_constraint_training(logits, y, reach)
    counted = np.ones(n_nodes, bool) if scored is None else np.asarray(scored, bool)
    terms = weight * binary_cross_entropy(q, y)
    return terms[..., counted].sum() / (n_rows * n_members)


# -- forests -----------------------------------------------------------------------


def mean_over_leaves(leaves_of_rows, leaves, counts, Y, left_out=None):
    """Mean over trees of the mean label set in a row's leaf; NaN without a tree.

    ``leaves_of_rows`` (B, T) and ``leaves`` (N, T) tell the leaves of rows to answer
    and of training rows, ``counts`` (N, T) what the latter count in each tree, ``Y``
    (N, C) their labels. ``left_out`` (B, T): trees that may answer; None: all.
    """
    proba = np.full((len(leaves_of_rows), Y.shape[1]), np.nan)
    for row, own in enumerate(leaves_of_rows):
        answers = []
        for tree, leaf in enumerate(own):
            if left_out is not None and not left_out[row, tree]:
                continue
            total, weight = np.zeros(Y.shape[1]), 0.0
            for other in range(len(Y)):
                if leaves[other, tree] == leaf:
                    total += counts[other, tree] * Y[other]
                    weight += counts[other, tree]
            answers.append(total / weight)
        if answers:
            proba[row] = sum(answers) / len(answers)
    return proba


def label_distance(Y, depth, depth_weight):
    """Squared distance of each two label sets: the weights of nodes that differ."""
    weight = [depth_weight**d for d in depth]
    distance = np.zeros((len(Y), len(Y)))
    for i in range(len(Y)):
        for j in range(len(Y)):
            for c, w in enumerate(weight):
                distance[i, j] += w * (Y[i, c] != Y[j, c])
    return distance


# -- experts ---------------------------------------------------------------------------


def kernel_ridge(kernel, new, Y, weight, alpha):
    """Weighted ridge regression in a kernel's space, one system as it is written."""
    means = weight @ Y / weight.sum()
    system = kernel + alpha * np.diag(1 / weight)
    return means + new @ np.linalg.solve(system, Y - means)


def kernel_ridge_left_out(kernel, Y, weight, alpha):
    """Answers to each row by a fit without it."""
    answers = []
    for row in range(len(Y)):
        rest = np.delete(np.arange(len(Y)), row)
        part = kernel[np.ix_(rest, rest)]
        new = kernel[row, rest]
        answers.append(kernel_ridge(part, new, Y[rest], weight[rest], alpha))
    return np.array(answers)


def nearest_answer(near, similarity, Y, weight, k, shrinkage):
    """Mean label set of the rows that stand nearest to one row.

    ``near`` tells them apart: the larger, the nearer. Groups of equal ones are taken,
    from the nearest on, until their weights reach k; of the last one a share. Rows of
    similarity 0 are none. A callable similarity gets ``near`` of the first group that
    is left out, None where none is.
    """
    counted, left, beyond = np.zeros(len(Y)), float(k), None
    for value in sorted({v for v in near if np.isfinite(v)}, reverse=True):
        group = near == value
        if left <= 0:
            beyond = value
            break
        share = min(1.0, left / weight[group].sum())
        counted[group] = share * weight[group]
        left -= share * weight[group].sum()
    if callable(similarity):
        similarity = similarity(beyond)
    counted = counted * similarity
    frequencies = weight @ Y / weight.sum()
    if counted.sum() == 0:
        return frequencies
    total = counted.sum() + shrinkage
    return (counted @ Y + shrinkage * frequencies) / total


# -- shrinkage ---------------------------------------------------------------------


def shrunk_to_parents(p, edges, n, strength):
    """Node by node: what it says, and what its parents say; then the max constraint."""
    edges = np.asarray(edges, dtype=int).reshape(-1, 2)
    reach = transitive_closure(len(n), edges)
    shrunk = {}
    # A node has fewer ancestors than its descendants have.
    for j in sorted(range(len(n)), key=lambda j: reach[:, j].sum()):
        parents = [parent for parent, child in edges if child == j]
        shrunk[j] = p[:, j]
        if parents:
            shares = [(n[j] + 0.5) / (n[parent] + 1) for parent in parents]
            words = [
                shrunk[i] * share for i, share in zip(parents, shares, strict=True)
            ]
            own = n[j] / (n[j] + strength)
            shrunk[j] = own * p[:, j] + (1 - own) * np.min(words, axis=0)
    shrunk = np.column_stack([shrunk[j] for j in range(len(n))])
    return max_constraint(shrunk, reach)
