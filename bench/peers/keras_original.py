"""The peer for training: the original's two trainings in Keras, as it ran them, without its mistakes of bookkeeping.

In:  {model: "lstm", epochs, classes, train: {texts, labels}, validation: {texts, labels}}
     or {model: "vgg16", epochs, classes, encoder: <safetensors of the convolutions>,
         train: {files, labels}, validation: {files, labels}}
     Texts are cleaned already, words parted by spaces.
Out: {epochs: [{seconds, accuracy, validationAccuracy}], setUpSeconds: what preparing took before the first epoch}
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from tensorflow import keras

from original_models import LENGTH, SIDE, WORDS, lstm, vgg16
from peer import serve

BATCH = 32


class Clock(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    # Keras calls this when the validation of the epoch is done too.
    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(
            {
                "seconds": time.perf_counter() - self.start,
                "accuracy": float(logs["accuracy"]),
                "validationAccuracy": float(logs["val_accuracy"]),
            }
        )


class Pictures(keras.utils.Sequence):
    """What the original's ImageDataGenerator does: reads, decodes and resizes each batch anew every epoch."""

    def __init__(self, files, labels, shuffle):
        super().__init__()
        self.files, self.labels, self.shuffle = files, labels, shuffle
        self.order = np.arange(len(files))
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.files) // BATCH)

    def __getitem__(self, batch):
        rows = self.order[batch * BATCH : (batch + 1) * BATCH]
        pixels = [
            keras.utils.img_to_array(keras.utils.load_img(self.files[row], target_size=(SIDE, SIDE)))
            for row in rows
        ]
        return np.stack(pixels), self.labels[rows]

    def on_epoch_end(self):
        if self.shuffle:
            np.random.shuffle(self.order)


def train(given):
    start = time.perf_counter()
    keras.utils.set_random_seed(42)
    classes = given["classes"]
    one_hot = {
        part: keras.utils.to_categorical(given[part]["labels"], classes) for part in ("train", "validation")
    }
    if given["model"] == "lstm":
        model = lstm(classes)
        parts = sequences(given)
        data = {"x": parts["train"], "y": one_hot["train"], "batch_size": BATCH}
        data["validation_data"] = (parts["validation"], one_hot["validation"])
    else:
        model = vgg16(classes, given["encoder"])
        data = {"x": Pictures(given["train"]["files"], one_hot["train"], True)}
        data["validation_data"] = Pictures(given["validation"]["files"], one_hot["validation"], False)
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    clock = Clock()
    set_up = time.perf_counter() - start
    model.fit(**data, epochs=given["epochs"], callbacks=[clock], verbose=2)
    return {"epochs": clock.epochs, "setUpSeconds": set_up}


def sequences(given):
    tokenizer = keras.preprocessing.text.Tokenizer(num_words=WORDS, oov_token="<OOV>")
    tokenizer.fit_on_texts(given["train"]["texts"])
    return {
        part: keras.preprocessing.sequence.pad_sequences(
            tokenizer.texts_to_sequences(given[part]["texts"]), LENGTH, padding="post", truncating="post"
        )
        for part in ("train", "validation")
    }


serve(train)
