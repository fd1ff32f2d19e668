// A producer and consumer that knows nothing of this platform: the CloudEvents SDK for Java and Kafka's own client.
//   java Foreign.java send|read WORK.json      (see tests/system/foreign_clients.py)
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.core.message.Encoding;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import io.cloudevents.kafka.CloudEventDeserializer;
import io.cloudevents.kafka.CloudEventSerializer;
import java.io.File;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Foreign {
    static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        JsonNode work = JSON.readTree(new File(args[1]));
        if (args[0].equals("send")) {
            for (String mode : List.of("structured", "binary")) {
                List<CloudEvent> events = new ArrayList<>();
                work.get("story").forEach(told -> events.add(event(told, told.get("id").asText())));
                // The SDK writes headers of binary HTTP as they are, and Java lets nothing but Latin-1 into them.
                ObjectNode plain = work.get("own").deepCopy();
                if (mode.equals("binary")) {
                    plain.put("correlationid", "order 7").set("source", work.get("plain"));
                }
                events.add(event(plain, "java-http-" + mode));
                http(work, mode, events);
                events.set(events.size() - 1, event(work.get("own"), "java-kafka-" + mode));
                kafka(work, mode, events);
            }
        } else {
            read(work);
        }
    }

    static CloudEvent event(JsonNode told, String id) {
        CloudEventBuilder builder = CloudEventBuilder.v1()
            .withId(id)
            .withSource(URI.create(told.get("source").asText()))
            .withType(told.get("type").asText())
            .withTime(OffsetDateTime.parse(told.get("time").asText()))
            .withData("application/json", told.get("data").toString().getBytes(java.nio.charset.StandardCharsets.UTF_8));
        told.fields().forEachRemaining(each -> {
            JsonNode value = each.getValue();
            switch (each.getKey()) {
                case "specversion", "id", "source", "type", "time", "data" -> { }
                case "recordedtime" -> builder.withExtension(each.getKey(), OffsetDateTime.parse(value.asText()));
                default -> {
                    if (value.isInt()) {
                        builder.withExtension(each.getKey(), value.intValue());
                    } else if (value.isBoolean()) {
                        builder.withExtension(each.getKey(), value.booleanValue());
                    } else {
                        builder.withExtension(each.getKey(), value.asText());
                    }
                }
            }
        });
        return builder.build();
    }

    static void http(JsonNode work, String mode, List<CloudEvent> events) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (CloudEvent event : events) {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(work.get("url").asText()))
                .header("Authorization", "Bearer " + work.get("key").asText());
            var writer = HttpMessageFactory.createWriter(
                request::header, body -> request.POST(HttpRequest.BodyPublishers.ofByteArray(body)));
            if (mode.equals("binary")) {
                writer.writeBinary(event);
            } else {
                writer.writeStructured(event, new JsonFormat());
            }
            HttpResponse<String> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 202) {
                throw new IllegalStateException(answer.statusCode() + " " + answer.body());
            }
        }
    }

    static void kafka(JsonNode work, String mode, List<CloudEvent> events) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", work.get("bootstrap").asText());
        settings.put(CloudEventSerializer.ENCODING_CONFIG, Encoding.valueOf(mode.toUpperCase()));
        if (mode.equals("structured")) {
            settings.put(CloudEventSerializer.EVENT_FORMAT_CONFIG, JsonFormat.CONTENT_TYPE);
        }
        CloudEventSerializer serializer = new CloudEventSerializer();
        serializer.configure(settings, false);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), serializer)) {
            events.forEach(event -> producer.send(new ProducerRecord<>(work.get("inbox").asText(), event)));
        }
    }

    static void read(JsonNode work) throws Exception {
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", work.get("bootstrap").asText(), "auto.offset.reset", "earliest");
        int wanted = work.get("count").asInt();
        int found = 0;
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new CloudEventDeserializer())) {
            List<TopicPartition> parts = new ArrayList<>();
            consumer.partitionsFor(work.get("topic").asText())
                .forEach(part -> parts.add(new TopicPartition(part.topic(), part.partition())));
            consumer.assign(parts);
            consumer.seekToBeginning(parts);
            while (found < wanted && System.nanoTime() < deadline) {
                for (var record : consumer.poll(Duration.ofMillis(200))) {
                    CloudEvent event = record.value();
                    if (event.getType().equals("moments.line.heartbeat")) {
                        continue;
                    }
                    ObjectNode shown = JSON.createObjectNode();
                    shown.put("id", event.getId()).put("source", event.getSource().toString()).put("type", event.getType());
                    shown.put("ms", event.getTime().toInstant().toEpochMilli());
                    event.getExtensionNames().forEach(name -> shown.put(name, event.getExtension(name).toString()));
                    shown.set("data", JSON.readTree(event.getData().toBytes()));
                    System.out.println(JSON.writeValueAsString(shown));
                    found++;
                }
            }
        }
    }
}
