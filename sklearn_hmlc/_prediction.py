"""What a fitted classifier answers: probabilities, decisions, members, doubt, scores.

Stage: features to coherent numbers, through the trained net.
"""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._rows import check_features
from ._target import ScoreMixin
from .postprocessing._thresholds import resolve_thresholds
from .uncertainty import get_measure


class PredictionMixin(ScoreMixin):
    """Prediction with a net (``net_``) of an estimator that validates features."""

    def predict_proba(self, X):
        """Predict coherent probabilities, the mean over the members.

        With ``prior_correction`` what the node weights have put on them is taken off.
        With ``ensemble="dropout"`` the one network is asked, without dropout.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features, finite.

        Returns
        -------
        proba : ndarray of float32 of shape (n_samples, n_nodes)
            Strictly between 0 and 1; a parent's is never below its child's. Columns as
            in ``classes_``. After a fit on 1-D ``y``: float64 of shape (n_samples,
            n_classes), the probability that a row's path ends in the class; rows sum
            to 1.
        """
        return self._columns_of(self._node_proba(X))

    def predict(self, X):
        """Predict labels: yes where the weighted probability reaches ``threshold``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features, finite.

        Returns
        -------
        y : ndarray, sparse matrix or DataFrame of shape (n_samples, n_nodes), or \
ndarray of shape (n_samples,)
            In the container and dtype of the ``y`` of `fit`, closed under the
            hierarchy. After a fit on 1-D ``y``: the most probable class by
            `predict_proba`.
        """
        self._validate_params()
        check_is_fitted(self)
        if self._target.single:
            proba = self._node_proba(X)
            return self._target.most_probable(proba)
        thresholds = self._decision_thresholds()
        positive = self._node_proba(X, corrected=False) >= thresholds
        if thresholds.ndim:
            # One threshold for all keeps coherence; others may not.
            positive = self.hierarchy_.close(positive)
        return self._target.restore(positive, X)

    def predict_members(self, X, *, constrained=True):
        """Predict each member's probabilities.

        With ``ensemble="dropout"`` members are ``n_estimators`` masks drawn at `fit`,
        the same for all rows and calls. With ``prior_correction`` the probabilities are
        corrected ones, as those of `predict_proba`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features, finite.
        constrained : bool, default=True
            Whether after the max constraint, so that each member is coherent.

        Returns
        -------
        proba : ndarray of float32 of shape (n_estimators, n_samples, n_nodes)
            Columns as in ``classes_``. After a fit on 1-D ``y`` the nodes of the
            classes.
        """
        check_is_fitted(self)
        X = check_features(self, X, reset=False)
        members = self.net_.iter_members(X, constrained, self.prior_correction)
        parts = [p.cpu().numpy() for _, p in members]
        return self._target.columns(np.concatenate(parts, axis=1))

    def predict_uncertainty(self, X, measure="gmu"):
        """Tell how unsure the ensemble is about each node of each row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features, finite.
        measure : str or callable, default="gmu"
            See `sklearn_hmlc.uncertainty.get_measure`.

        Returns
        -------
        uncertainty : ndarray of float32 of shape (n_samples, n_nodes)
            Larger = less sure; of the members' coherent probabilities
            (`predict_members`). Columns as in ``classes_``.

        Raises
        ------
        ValueError
            If the measure is unknown.
        """
        check_is_fitted(self)
        measure = get_measure(measure)
        X = check_features(self, X, reset=False)
        members = self.net_.iter_members(X, corrected=self.prior_correction)
        parts = [measure(p).cpu().numpy() for _, p in members]
        return self._target.columns(np.concatenate(parts))

    def _node_proba(self, X, corrected=None):
        """Coherent probabilities (n_samples, n_nodes) in the hierarchy's order."""
        check_is_fitted(self)
        corrected = self.prior_correction if corrected is None else corrected
        return self.net_.mean_proba(check_features(self, X, reset=False), corrected)

    def _decision_thresholds(self):
        """One threshold, of shape (), or one a node, of shape (n_nodes,)."""
        if not isinstance(self.threshold, str):
            return resolve_thresholds(self.threshold, self.hierarchy_)
        if not hasattr(self, "thresholds_") or self._tuned_by != self.threshold:
            raise ValueError(
                f"Thresholds by {self.threshold!r} are tuned in `fit`; fit again, or "
                "give `threshold` as a number."
            )
        return self.thresholds_

    def _columns_of(self, proba):
        if self._target.single:
            return self._target.distribution(proba)
        return self._target.columns(proba)
