"""Records as the pipeline rare.yaml finishes them."""


def finished(number):
    """With samples of the reasoning, of which the first is the one that was kept."""
    reasoning = f"Passage 2 matters.\nAnswer: {number}"
    return {"id": f"d{number}", "text": f"Document {number} " + "and more " * (number % 40),
            "question": f"Question {number}?", "scenario": f"Scenario {number}.",
            "hard_negatives": [f"Negative {number}.{other}" for other in range(3)],
            "passages_order": [1, 0, 3, 2], "reasoning": reasoning,
            "samples": [reasoning, f"Passage 1, I think.\nAnswer: {number + 1}"]}
