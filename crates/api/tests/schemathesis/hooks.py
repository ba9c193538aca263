"""What generated requests need besides their schemas."""

import os
import uuid

import schemathesis


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """A key of idempotency belongs to one request, and generated ones repeat: it is left out.

    Its rules have tests of their own.
    """
    for path in raw_schema["paths"].values():
        for operation in path.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [
                parameter for parameter in parameters if parameter["name"] != "Idempotency-Key"
            ]


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """The list of keys shows the one that all requests are made with, which is to stay valid."""
    if path_parameters and path_parameters.get("key_uuid") == os.environ["KEY"]:
        path_parameters["key_uuid"] = str(uuid.UUID(int=0))
    return path_parameters
