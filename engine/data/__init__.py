"""Labelled face pictures: reading, splitting and preparing them."""

from engine.data.dataset import FaceDataset, SkippedFile
from engine.data.registry import DATASETS, load_dataset

__all__ = ["DATASETS", "FaceDataset", "SkippedFile", "load_dataset"]
