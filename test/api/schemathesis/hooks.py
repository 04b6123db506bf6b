"""What Schemathesis cannot know."""

import json
import os

import schemathesis
from hypothesis import strategies as st

# No schema tells that each line is a product.
PRODUCTS = st.fixed_dictionaries({"designation": st.text(min_size=1)}, optional={"description": st.text()})
LINES = st.one_of(PRODUCTS.map(json.dumps), st.text())
schemathesis.openapi.media_type(
    "application/x-ndjson", st.lists(LINES).map(lambda lines: "\n".join(lines).encode())
)


# Whoever asks is in the lists that it is given: it would lock itself out.
OWN = {"username": os.environ["OWN_NAME"], "id": os.environ["TOKEN"].split("_")[1]}


@schemathesis.hook
def before_call(context, case, kwargs):
    for name, value in OWN.items():
        if case.path_parameters.get(name) == value:
            case.path_parameters[name] = "somebody-else"


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Texts of 64 KB and more it cannot make: it would send a short one, and call that too long."""
    without_long_bounds(raw_schema)


def without_long_bounds(node):
    if isinstance(node, dict):
        if isinstance(node.get("maxLength"), int) and node["maxLength"] > 8192:
            del node["maxLength"]
        for inner in node.values():
            without_long_bounds(inner)
    elif isinstance(node, list):
        for inner in node:
            without_long_bounds(inner)
