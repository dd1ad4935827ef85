"""The live page's pieces, one idea a file; :mod:`dashboard.webcam` launches them."""

from __future__ import annotations

import os

# Gradio reads these while it is imported: nothing here calls home, with or without a network.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
