"""A producer and consumer that knows nothing of this platform: CloudEvents' SDK for Python.

    python foreign.py send|read WORK.json      (see tests/system/foreign_clients.py)
"""

import json
import sys
import time
from datetime import datetime
from pathlib import Path

import httpx
from cloudevents.core.bindings import http, kafka
from cloudevents.core.v1.event import CloudEvent
from kafka import KafkaConsumer, KafkaProducer, TopicPartition


def event(told: dict, id_: str) -> CloudEvent:
    attributes = {name: value for name, value in told.items() if name not in {"data", "id"}}
    attributes |= {"id": id_, "datacontenttype": "application/json"}
    attributes["time"] = datetime.fromisoformat(told["time"])
    return CloudEvent(attributes, told["data"])


def send(work: dict) -> None:
    producer = KafkaProducer(bootstrap_servers=work["bootstrap"])
    for mode in ("structured", "binary"):
        story = [event(told, told["id"]) for told in work["story"]]
        for each in [*story, event(work["own"], f"python-http-{mode}")]:
            message = getattr(http, f"to_{mode}_event")(each)
            headers = {**message.headers, "authorization": f"Bearer {work['key']}"}
            answer = httpx.post(work["url"], content=message.body, headers=headers)
            assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        for each in [*story, event(work["own"], f"python-kafka-{mode}")]:
            message = getattr(kafka, f"to_{mode}_event")(each)
            producer.send(work["inbox"], value=message.value, headers=list(message.headers.items()))
    producer.flush()
    producer.close()


def read(work: dict) -> None:
    consumer = KafkaConsumer(bootstrap_servers=work["bootstrap"], enable_auto_commit=False)
    parts = [TopicPartition(work["topic"], part) for part in consumer.partitions_for_topic(work["topic"])]
    consumer.assign(parts)
    consumer.seek_to_beginning(*parts)
    found, deadline = 0, time.monotonic() + 60
    while found < work["count"] and time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=200).values():
            for record in records:
                message = kafka.KafkaMessage(dict(record.headers), record.key, record.value)
                parsed = kafka.from_kafka_event(message)
                if parsed.get_type() == "moments.line.heartbeat":
                    continue
                left_out = {"specversion", "datacontenttype", "partitionkey", "time"}
                attributes = {
                    name: value for name, value in parsed.get_attributes().items() if name not in left_out
                }
                ms = round(parsed.get_time().timestamp() * 1000)
                print(json.dumps({**attributes, "ms": ms, "data": parsed.get_data()}))
                found += 1
    consumer.close()


if __name__ == "__main__":
    {"send": send, "read": read}[sys.argv[1]](json.loads(Path(sys.argv[2]).read_text()))
