"""The plainest service of a Keras model: FastAPI, and `predict` for each request, one after another.

In FastAPI's threads, where a function without `async` runs, Keras's `predict` fails now and then.

python serve_peer_script.py MODEL.keras PORT
"""

import sys

import keras
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

model = keras.models.load_model(sys.argv[1])
app = FastAPI()


class Request(BaseModel):
    """As TensorFlow Serving's."""

    instances: list[list[list[float]]]


@app.post("/predict")
async def predict(request: Request) -> dict[str, list[list[float]]]:
    """A row of numbers for each instance."""
    return {"predictions": model.predict(np.array(request.instances), verbose=0).tolist()}


@app.get("/")
def ready() -> dict[str, bool]:
    """Whether requests are answered."""
    return {"ready": True}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
