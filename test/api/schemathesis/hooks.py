"""Bodies that Schemathesis cannot make from a schema: products, one a line."""

import json

import schemathesis
from hypothesis import strategies as st

PRODUCTS = st.fixed_dictionaries({"designation": st.text(min_size=1)}, optional={"description": st.text()})
LINES = st.one_of(PRODUCTS.map(json.dumps), st.text())
schemathesis.openapi.media_type(
    "application/x-ndjson", st.lists(LINES).map(lambda lines: "\n".join(lines).encode())
)
