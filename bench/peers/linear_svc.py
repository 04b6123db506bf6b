"""The peer for text: scikit-learn's TF-IDF of words and characters, and LinearSVC.

In:  {texts: [str], labels: [int], splits: [{train: [row], test: [row]}]}
Out: {predictions: [[label]] (one list a split, in the order of its test rows),
      seconds: {vectorise, fit, predict} (summed over the splits), features: of the last split}
"""

import time

from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from peer import serve


def cross_validate(given):
    texts, labels = given["texts"], given["labels"]
    seconds = {"vectorise": 0.0, "fit": 0.0, "predict": 0.0}
    predictions = []
    features = 0
    for split in given["splits"]:
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        train = [texts[row] for row in split["train"]]
        test = [texts[row] for row in split["test"]]

        start = time.perf_counter()
        fitted = hstack([words.fit_transform(train), characters.fit_transform(train)]).tocsr()
        seconds["vectorise"] += time.perf_counter() - start
        features = fitted.shape[1]

        start = time.perf_counter()
        model = LinearSVC(random_state=0).fit(fitted, [labels[row] for row in split["train"]])
        seconds["fit"] += time.perf_counter() - start

        start = time.perf_counter()
        seen = hstack([words.transform(test), characters.transform(test)]).tocsr()
        predictions.append(model.predict(seen).tolist())
        seconds["predict"] += time.perf_counter() - start
    return {"predictions": predictions, "seconds": seconds, "features": features}


serve(cross_validate)
