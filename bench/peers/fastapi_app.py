"""What a good engineer would write in an afternoon: FastAPI, orjson, one ONNX Runtime session for each process.

    MODEL=model.onnx uvicorn fastapi_app:app --workers 2

POST /predict      {"age": [63], "sex": [1], …}, a list for each column
POST /predict.f64  the rows as little-endian float64, one after another; the answer is probabilities in the same form
"""

import os

import numpy as np
import onnxruntime
import orjson
from fastapi import FastAPI, HTTPException, Request, Response

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1  # a process for each core instead
session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
COLUMNS = [column.name for column in session.get_inputs()]
OUTPUTS = [output.name for output in session.get_outputs()]
PROBABILITIES = OUTPUTS.index("probabilities")
app = FastAPI()


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.post("/predict")
async def predict(request: Request):
    try:
        asked = orjson.loads(await request.body())
        feed = {name: np.array(asked[name], np.float64).reshape(-1, 1) for name in COLUMNS}
    except (KeyError, ValueError, TypeError) as problem:
        raise HTTPException(400, f"{type(problem).__name__}: {problem}")
    answers = dict(zip(OUTPUTS, session.run(None, feed)))
    return Response(orjson.dumps(answers, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


@app.post("/predict.f64")
async def predict_binary(request: Request):
    rows = np.frombuffer(await request.body(), np.float64).reshape(-1, len(COLUMNS))
    answers = session.run(None, {name: rows[:, i : i + 1] for i, name in enumerate(COLUMNS)})
    return Response(answers[PROBABILITIES].tobytes(), media_type="application/octet-stream")
