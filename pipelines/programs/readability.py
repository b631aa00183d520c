"""How hard a passage is to read: a program of exec.yaml. Only what Python brings along."""
import re


def process(record):
    words = re.findall(r"[^\W\d_]+", record["text"])
    sentences = max(1, len(re.findall(r"[.!?](?:\s|$)", record["text"])))
    if len(words) < 20:
        return None  # too short to say: the record is filtered
    # The automated readability index: Smith and Senter, "Automated Readability Index" (1967).
    letters = sum(map(len, words))
    record["words"] = len(words)
    record["readability"] = round(4.71 * letters / len(words) + 0.5 * len(words) / sentences - 21.43, 1)
    return record
