"""Decodes one OTLP request with the Python classes of opentelemetry-proto and prints it as JSON.

usage: decode.py traces|metrics < request

It shares no code with the Rust exporter and the Rust receiver, so it sees mistakes that those two
have in common. Says apart from the content whether the request has anything that these classes do
not know, and whether encoding it again gives the same bytes.
"""

import base64
import json
import sys

from google.protobuf import json_format, unknown_fields
from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

REQUESTS = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
# OTLP's JSON has these in hexadecimal, where that of protobuf has base64.
IDS = {"traceId", "spanId", "parentSpanId"}


def unknown(message: Message) -> int:
    """How many fields of it, and of all that is in it, have no name."""
    count = len(unknown_fields.UnknownFieldSet(message))
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        inner = [value] if isinstance(value, Message) else value
        count += sum(unknown(each) for each in inner)
    return count


def with_hex_ids(value, key=None):
    if isinstance(value, dict):
        return {name: with_hex_ids(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [with_hex_ids(each) for each in value]
    if key in IDS:
        return base64.b64decode(value).hex()
    return value


def main() -> None:
    raw = sys.stdin.buffer.read()
    request = REQUESTS[sys.argv[1]]()
    request.ParseFromString(raw)
    content = json_format.MessageToDict(request, use_integers_for_enums=True)
    print(
        json.dumps(
            {
                "content": with_hex_ids(content),
                "unknown": unknown(request),
                "same_bytes": request.SerializeToString(deterministic=True) == raw,
            }
        )
    )


main()
