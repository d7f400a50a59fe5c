"""Explorers for the notebooks: pictures that move when a slider does.

Every explorer is a class with a ``widget``, a ``state``, a ``view(**state)`` that turns a state
into pictures and text without touching a widget, ``show()`` and ``close()``.
The names below are loaded when first used; only training needs TensorFlow.
"""

from .. import _lazily

_HOME = {  # public name -> module that defines it
    "AnomalyGallery": "anomaly_gallery",
    "CorrectionCase": "correction_case",
    "CorrectionExplorer": "correction_explorer",
    "Corrections": "correction_case",
    "DetectorComparison": "detector_comparison",
    "GuardInMiniature": "guard_miniature",
    "LatentExplorer": "latent_explorer",
    "LoopPlayer": "loop_player",
    "PaintYourOwn": "paint_your_own",
    "SnapshotScrubber": "snapshot_scrubber",
    "StyleMixer": "style_mixer",
    "ThresholdExplorer": "threshold_explorer",
    "TrainingMonitor": "training_monitor",
    "precompute_case": "correction_case",
}

__all__ = list(_HOME)

__getattr__, __dir__ = _lazily(__name__, _HOME)
