"""Answers the benchmark's questions, a line of JSON each, until it says "leave" or is gone."""

import json
import os
import sys


def answer_questions(commands, leave):
    answers = sys.stdout
    # kafka-rpc prints what it does, and standard output belongs to the answers.
    sys.stdout = open(os.devnull, "w")
    for line in sys.stdin:
        question = json.loads(line)
        if question["command"] == "leave":
            break
        answers.write(json.dumps(_answer_to(question, commands)) + "\n")
        answers.flush()
    leave()
    # Its threads poll for ever; there is nothing left to wait for.
    os._exit(0)


def _answer_to(question, commands):
    try:
        value = commands[question["command"]](question["argument"])
        return {"id": question["id"], "value": value}
    except Exception as error:
        return {"id": question["id"], "error": f"{type(error).__name__}: {error}"}
