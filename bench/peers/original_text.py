"""The original's way from a description to ten words."""

import functools
import pathlib
import re

from bs4 import BeautifulSoup

WORDS = 10
CONTRACTIONS = re.compile(r"\b(can)(not)\b|\b(gim)(me)\b|\b(gon)(na)\b|\b(got)(ta)\b|\b(lem)(me)\b|\b(wan)(na)\b")
ENDINGS = (("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"),
           ("men", "man"), ("ies", "y"))


@functools.cache
def lines_of(file):
    return pathlib.Path(file).read_text(encoding="utf-8").split("\n")


@functools.cache
def nouns(folder):
    known = frozenset(lines_of(f"{folder}/nouns.txt"))
    return known, dict(line.split(" ") for line in lines_of(f"{folder}/noun-exceptions.txt") if line)


class TextReader:
    """One a request, as in the original."""

    def __init__(self, folder, stop_words):
        self.known, self.irregular = nouns(folder)
        self.stop_words = stop_words

    def read(self, description):
        text = BeautifulSoup(description, "html.parser").get_text()
        letters = re.sub(r"[^a-zA-Z]", " ", text).lower()
        tokens = CONTRACTIONS.sub(lambda match: f"{match[0][:3]} {match[0][3:]}", letters).split()
        words = [self.lemma(token) for token in tokens if token not in self.stop_words]
        return " ".join(words[:WORDS])

    def lemma(self, word):
        if word in self.irregular:
            forms = [self.irregular[word]]
        else:
            forms = [word[: len(word) - len(end)] + base for end, base in ENDINGS if word.endswith(end)]
        return min((form for form in (word, *forms) if form in self.known), key=len, default=word)
