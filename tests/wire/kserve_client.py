"""Asks a model server with KServe's own client, in a process of its own; prints what it answered as JSON.

    kserve_client.py HTTP_URL GRPC_HOST_PORT MODEL X0,X1,X2 [X0,X1,X2 ...]
"""

import asyncio
import json
import sys

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig


def request(model, rows, binary):
    tensor = InferInput(name="float_input", shape=list(rows.shape), datatype="FP32")
    tensor.set_data_from_numpy(rows, binary_data=binary)
    return InferRequest(model_name=model, infer_inputs=[tensor], request_id="asked")


def scores(answer):
    return {"id": answer.id, "model": answer.model_name, "scores": answer.outputs[0].as_numpy().ravel().tolist()}


async def ask(url, grpc, model, rows):
    told = {}
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        told["live"] = await client.is_server_live(url)
        told["ready"] = await client.is_server_ready(url)
        told["model"] = await client.is_model_ready(url, model)
        told["json"] = scores(await client.infer(url, request(model, rows, False), model_name=model))
        told["binary"] = scores(await client.infer(url, request(model, rows, True), model_name=model))
        try:
            await client.infer(url, request("nobody", rows, False), model_name="nobody")
        except Exception as error:  # httpx's, of the status
            told["unknown"] = str(error)
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        told["v1_ready"] = await client.is_model_ready(url, model)
        told["v1"] = np.ravel((await client.infer(url, {"instances": rows.tolist()}, model_name=model))["predictions"]).tolist()
    async with InferenceGRPCClient(grpc) as client:
        told["grpc_ready"] = await client.is_server_ready() and await client.is_model_ready(model)
        told["grpc"] = scores(await client.infer(request(model, rows, False)))
    return told


if __name__ == "__main__":
    asked = np.array([[float(x) for x in row.split(",")] for row in sys.argv[4:]], np.float32)
    print(json.dumps(asyncio.run(ask(sys.argv[1], sys.argv[2], sys.argv[3], asked))))
