"""One round of llama-cpp-python: labels of texts by a prompt and a grammar, with its own reuse of the prefix.

Reads a job as JSON from standard input, writes what it measured as JSON to standard output.
"""

import json
import sys
import time

import llama_cpp

job = json.load(sys.stdin)
started = time.perf_counter()
llm = llama_cpp.Llama(
    model_path=job["model"],
    n_ctx=2048,
    n_threads=job["threads"],
    n_threads_batch=job["threads"],
    # Without it, a model with a sliding window cannot go back to a prefix.
    swa_full=True,
    no_perf=False,
    verbose=False,
)
grammar = llama_cpp.LlamaGrammar.from_string(job["grammar"], verbose=False)
loaded = time.perf_counter()


def label(text):
    prompt = job["before"] + text + job["after"]
    done = llm.create_completion(prompt, max_tokens=8, temperature=0.0, grammar=grammar)
    return done["choices"][0]["text"].strip()


# Evaluates what all prompts share; llm.eval is counted from here on.
label("fine")
evaluated = 0
plain_eval = llm.eval


def counted_eval(tokens):
    global evaluated
    evaluated += len(tokens)
    return plain_eval(tokens)


llm.eval = counted_eval
begun = time.perf_counter()
labels = [label(text) for text in job["texts"]]
ended = time.perf_counter()
json.dump(
    {
        "load": loaded - started,
        "seconds": ended - begun,
        "labels": labels,
        "tokens": evaluated / len(labels),
        "version": llama_cpp.__version__,
    },
    sys.stdout,
)
