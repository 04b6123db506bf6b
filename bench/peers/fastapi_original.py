"""The peer for serving: the original's API as it answers a request, with the weights of a bundle of ours.

fastapi_original.py SETTINGS, a JSON object:
  port, auth     its port and the URL of its auth service
  bundle         the folder of an lstm-vgg16 bundle with the original's text model
  encoder        the safetensors of its convolutions
  nouns          the folder with nouns.txt and noun-exceptions.txt
  stopWords, log the words that are left out; the log file

Pixels are prepared as VGG16 was trained on them, where the original sends raw RGB: it costs a subtraction.

Cheaper than the original in three ways: no attempt to download NLTK's data in each request; words are parted at spaces,
which is all that its tokenizer has left to do; model.predict prints no progress.
"""

import io
import json
import logging
import logging.handlers
import os
import pathlib
import sys
import time
import uuid

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import requests
import uvicorn
from fastapi import Depends, FastAPI, File, Form, HTTPException, Request, UploadFile
from fastapi.responses import JSONResponse
from PIL import Image
from prometheus_fastapi_instrumentator import Instrumentator
from slowapi import Limiter
from slowapi.util import get_remote_address
from tensorflow import keras

from original_models import LENGTH, SIDE, lstm, read_safetensors, vgg16
from original_text import TextReader

SETTINGS = json.loads(sys.argv[1])
AUTH = SETTINGS["auth"]
STOP_WORDS = frozenset(SETTINGS["stopWords"])
UNLIMITED = "1000000000/minute"
MEAN_BGR = np.array([103.939, 116.779, 123.68], dtype=np.float32)

logger = logging.getLogger(__name__)
handler = logging.handlers.RotatingFileHandler(SETTINGS["log"], maxBytes=5 * 2**20, backupCount=3)
handler.setFormatter(logging.Formatter("%(asctime)s [%(levelname)s] %(message)s"))
logger.setLevel(logging.INFO)
logger.addHandler(handler)

limiter = Limiter(key_func=get_remote_address)
app = FastAPI()
app.state.limiter = limiter
Instrumentator().instrument(app).expose(app)
loaded = {}


@app.on_event("startup")
def load():
    bundle = pathlib.Path(SETTINGS["bundle"])
    facts = json.loads((bundle / "bundle.json").read_text())
    loaded["labels"] = facts["labels"]
    loaded["weight"] = facts["fusion"]["textWeight"]
    tokenizer = (bundle / "text/tokenizer_config.json").read_text()
    loaded["tokenizer"] = keras.preprocessing.text.tokenizer_from_json(tokenizer)
    arrays = read_safetensors(bundle / "text/weights.safetensors")
    text = lstm(len(facts["labels"]))
    names = ("embedding/embeddings", "lstm/kernel", "lstm/recurrent_kernel", "lstm/bias", "dense/kernel", "dense/bias")
    text.set_weights([arrays[name] for name in names])
    head = without_scaler(read_safetensors(bundle / "image/head.safetensors"))
    image = vgg16(len(facts["labels"]), SETTINGS["encoder"])
    for layer, name in ((image.layers[-2], "hidden"), (image.layers[-1], "output")):
        layer.set_weights([head[f"{name}/kernel"], head[f"{name}/bias"]])
    loaded["lstm"], loaded["vgg16"] = text, image


def without_scaler(head):
    """Ours scales features before the hidden layer; the same layer on features as they are gives the same."""
    if "scaler/mean" not in head:
        return head
    kernel = head["hidden/kernel"] / head["scaler/divisor"][:, np.newaxis]
    return {**head, "hidden/kernel": kernel, "hidden/bias": head["hidden/bias"] - head["scaler/mean"] @ kernel}


@app.middleware("http")
async def log_requests(request: Request, call_next):
    number, start = uuid.uuid4(), time.time()
    logger.info(f"Request ID={number} - Start request: {request.method} {request.url.path}")
    response = await call_next(request)
    seconds = time.time() - start
    response.headers["X-Process-Time"] = str(seconds)
    logger.info(f"Request ID={number} - Completed request: {response.status_code} - Process time={seconds:.4f}s")
    return response


def verified(token: str):
    answer = requests.get(f"{AUTH}/verify-token", params={"token": token})
    if answer.status_code != 200:
        raise HTTPException(401, "Invalid or expired token")
    return answer.json()


@app.get("/status")
@limiter.limit(UNLIMITED)
async def status(request: Request):
    return {"message": "Model Serving via FastAPI is running !"}


@app.post("/token")
async def token(username: str = Form(...), password: str = Form(...)):
    answer = requests.post(f"{AUTH}/token", data={"username": username, "password": password})
    if answer.status_code != 200:
        raise HTTPException(401, "Invalid username or password")
    return answer.json()


@app.post("/predict")
@limiter.limit(UNLIMITED)
async def predict(
    request: Request,
    product_identifier: str = Form(...),
    designation: str = Form(...),
    description: str = Form(...),
    product_id: str = Form(...),
    imageid: str = Form(...),
    image: UploadFile = File(...),
    user: dict = Depends(verified),
):
    logger.info(f"Prediction requested by user: {user['username']}")
    try:
        picture = Image.open(io.BytesIO(await image.read())).convert("RGB")
        pixels = np.asarray(picture.resize((SIDE, SIDE), Image.BICUBIC), dtype=np.float32)[np.newaxis, ..., ::-1] - MEAN_BGR
    except Exception:
        return JSONResponse({"message": "An internal server error occurred."}, 500)
    text = TextReader(SETTINGS["nouns"], STOP_WORDS).read(description)
    sequences = loaded["tokenizer"].texts_to_sequences([text])
    padded = keras.preprocessing.sequence.pad_sequences(sequences, LENGTH, padding="post", truncating="post")
    read = loaded["lstm"].predict(padded, verbose=0)
    seen = loaded["vgg16"].predict(pixels, verbose=0)
    fused = loaded["weight"] * read[0] + (1 - loaded["weight"]) * seen[0]
    best = int(np.argmax(fused))
    label = str(loaded["labels"][best])
    answer = {"label": label, "confidence": float(fused[best]), "prediction": best}
    return {"predictions": [answer], "message": "Prediction successful"}


uvicorn.run(app, host="127.0.0.1", port=SETTINGS["port"], log_level="warning")
