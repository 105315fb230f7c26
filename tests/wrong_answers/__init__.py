"""Plausible wrong answers to the labs' exercises, one module a lab, each with what its check must say."""
