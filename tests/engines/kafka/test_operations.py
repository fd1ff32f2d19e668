"""Commands and settings for Kafka's own tools, as docs/operations.md and docker-compose.yml have them."""

import re
import subprocess
from pathlib import Path

import yaml
from kafka.admin import NewTopic

from tests.engines.kafka.broker import Broker, jars

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "operations.md").read_text()
NAMES = """
public class Names {
    public static void main(String[] arguments) {
        org.apache.kafka.server.config.AbstractKafkaConfig.CONFIG_DEF.names().forEach(System.out::println);
    }
}
"""


def test_partitions_are_added_as_the_page_says(broker: Broker) -> None:
    broker.admin().create_topics([NewTopic("moments.events", 12, 1)])
    (line,) = re.findall(r"kafka-topics\.sh (--bootstrap-server .+--partitions \d+)", PAGE)
    words = [broker.bootstrap if word == "kafka:9092" else word for word in line.split()]
    topic_command = "org.apache.kafka.tools.TopicCommand"
    broker.console(topic_command, *words)
    described = broker.console(
        topic_command, "--bootstrap-server", broker.bootstrap, "--describe", "--topic", "moments.events"
    )
    assert f"PartitionCount: {words[-1]}" in described
    broker.admin().delete_topics(["moments.events"])


def test_every_setting_of_the_broker_in_compose_is_one_that_kafka_knows(tmp_path: Path) -> None:
    """Kafka takes a misspelt setting without a word."""
    (tmp_path / "Names.java").write_text(NAMES)
    known = subprocess.run(
        ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars()}/*", str(tmp_path / "Names.java")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["kafka"]
    named = {name.removeprefix("KAFKA_").lower().replace("_", ".") for name in service["environment"]}
    assert len(named) > 5
    assert named <= set(known)
