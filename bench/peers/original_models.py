"""The original's two models in Keras, and how weights come into them."""

import json
import struct

import numpy as np
from tensorflow import keras

WORDS, LENGTH = 10_000, 10
SIDE = 224


def lstm(classes):
    return keras.Sequential(
        [
            keras.Input((LENGTH,)),
            keras.layers.Embedding(WORDS, 128),
            keras.layers.LSTM(128),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )


def vgg16(classes, encoder):
    """With the convolutions of a safetensors file, frozen; the head is untrained."""
    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(SIDE, SIDE, 3))
    arrays = read_safetensors(encoder)
    for layer in base.layers:
        if layer.weights:
            layer.set_weights([arrays[f"{layer.name}/kernel"], arrays[f"{layer.name}/bias"]])
    base.trainable = False
    return keras.Sequential(
        [
            base,
            keras.layers.Flatten(),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )


def read_safetensors(file):
    with open(file, "rb") as handle:
        (length,) = struct.unpack("<Q", handle.read(8))
        header = json.loads(handle.read(length))
        data = handle.read()
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
        for name, entry in header.items()
    }
