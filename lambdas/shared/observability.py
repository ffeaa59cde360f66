"""Logs and metrics, the same way in every function.

Belongs here: one logger and one metrics sink per function. Metrics ride in the log line (EMF), so
they cost no call; dimensions stay few because every combination is billed.
"""

from aws_lambda_powertools import Logger, Metrics

NAMESPACE = "Clickstream"


def logger_for(function: str) -> Logger:
    """The structured logger of one function."""
    return Logger(service=function)


def metrics_for(function: str) -> Metrics:
    """The EMF metrics of one function, with the function's name as only dimension."""
    return Metrics(namespace=NAMESPACE, service=function)
