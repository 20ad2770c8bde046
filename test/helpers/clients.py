"""Asks a server by the official clients for Python and prints what they make of the answers, as JSON."""

import json
import sys

import openai
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError
from pydantic import BaseModel

url = sys.argv[1]
client = openai.OpenAI(base_url=url + "/v1", api_key="any", max_retries=0)


def decisions():
    decision = client.decisions.create(
        model="mood",
        input=[{"role": "user", "content": [{"type": "input_text", "text": "unsure"}]}],
        questions=[
            {"type": "choice", "name": "own labels", "instructions": "How?", "choices": [{"value": "good"}, {"value": "bad"}]},
            {"type": "choice", "instructions": "x", "choices": [{"value": True}, {"value": False}]},
            {"type": "predicate", "name": "p", "instructions": "Is it?"},
            {"type": "score", "instructions": "How much?", "levels": [{"label": "low"}, {"label": "much"}]},
        ],
    )
    return [type(answer).__name__ for answer in decision.answers], decision.to_dict()["answers"]


def refused():
    try:
        client.decisions.create(model="nope", input="x", questions=[{"type": "predicate", "instructions": "x"}])
    except openai.NotFoundError as error:
        return error.message


class Order(BaseModel):
    length: int
    note: str


user = [{"role": "user", "content": "abc"}]


def parsed():
    return client.chat.completions.parse(model="order", messages=user, response_format=Order).choices[0].message.parsed


def streamed():
    with client.chat.completions.stream(model="order", messages=user, response_format=Order) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        return "".join(deltas), stream.get_final_completion().choices[0].message.parsed.model_dump()


def hugging_face(task):
    return InferenceClient(f"{url}/models/{task}")


def hugging_face_refused():
    try:
        hugging_face("nope").text_classification("x")
    except HfHubHTTPError as error:
        return str(error)


print(
    json.dumps(
        {
            "decisions": decisions(),
            "refused": refused(),
            "parsed": parsed().model_dump(),
            "streamed": streamed(),
            "models": [model.id for model in client.models.list()],
            "classified": hugging_face("mood").text_classification("good", top_k=2),
            "entities": hugging_face("names").token_classification("😀 Rosa", aggregation_strategy="simple"),
            "answer": hugging_face("facts").question_answering("Who?", "😀 It was Rosa."),
            "answers": hugging_face("facts").question_answering("Who?", "It was Rosa.", top_k=2),
            "no answer": hugging_face("facts").question_answering("Who?", "Nobody."),
            "hugging face refused": hugging_face_refused(),
        }
    )
)
