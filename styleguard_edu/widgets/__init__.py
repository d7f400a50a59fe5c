"""Explorers for the notebooks: pictures that move when a slider does.

Every explorer is a class with a ``widget``, a ``state``, a ``view(**state)`` that turns a state
into pictures and text without touching a widget, ``show()`` and ``close()``.
The names below are loaded when first used; only training needs TensorFlow.
"""

from .. import _lazily

__all__, __getattr__, __dir__ = _lazily(
    __name__,
    anomaly_gallery="AnomalyGallery",
    correction_case="CorrectionCase Corrections precompute_case",
    correction_explorer="CorrectionExplorer",
    detector_comparison="DetectorComparison",
    guard_miniature="GuardInMiniature",
    latent_explorer="LatentExplorer",
    loop_player="LoopPlayer",
    paint_your_own="PaintYourOwn",
    snapshot_scrubber="SnapshotScrubber",
    style_mixer="StyleMixer",
    threshold_explorer="ThresholdExplorer",
    training_monitor="TrainingMonitor",
)
