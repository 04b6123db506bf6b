"""The peer's auth service: one user, bcrypt, JWT; a process of its own, as the original had it.

fastapi_auth.py PORT, with PEER_USER, PEER_PASSWORD and PEER_SECRET in the environment.
"""

import os
import sys
from datetime import datetime, timedelta, timezone

import bcrypt
import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordRequestForm

USER, SECRET = os.environ["PEER_USER"], os.environ["PEER_SECRET"]
HASH = bcrypt.hashpw(os.environ["PEER_PASSWORD"].encode(), bcrypt.gensalt(12))
BEARER = {"WWW-Authenticate": "Bearer"}

app = FastAPI()


@app.post("/token")
async def token(form: OAuth2PasswordRequestForm = Depends()):
    if form.username != USER or not bcrypt.checkpw(form.password.encode(), HASH):
        raise HTTPException(401, "Incorrect username or password", BEARER)
    claims = {"sub": USER, "exp": datetime.now(timezone.utc) + timedelta(hours=12)}
    return {"access_token": jwt.encode(claims, SECRET, "HS256"), "token_type": "bearer"}


@app.get("/verify-token")
async def verify(token: str):
    try:
        claims = jwt.decode(token, SECRET, ["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401, "Invalid token", BEARER)
    if claims.get("sub") != USER:
        raise HTTPException(401, "User not found", BEARER)
    return {"username": USER, "full_name": USER}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
