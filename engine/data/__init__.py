"""Labelled face pictures: reading, splitting and preparing them."""

from engine.data.dataset import FaceDataset, SkippedFile
from engine.data.registry import dataset_names, load_dataset

__all__ = ["FaceDataset", "SkippedFile", "dataset_names", "load_dataset"]
