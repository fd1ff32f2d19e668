// A producer and consumer that knows nothing of this platform: the CloudEvents SDK for JavaScript, fetch and KafkaJS.
//   node foreign.cjs send|read WORK.json      (see tests/system/foreign_clients.py)
const fs = require("node:fs");
const { CloudEvent, HTTP, Kafka: Binding } = require("cloudevents");
const { decompress } = require("fzstd");
const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = require("kafkajs");

// The relay compresses with zstd, for which KafkaJS wants to be given a codec.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({ decompress: async (raw) => Buffer.from(decompress(raw)) });

const work = JSON.parse(fs.readFileSync(process.argv[3], "utf8"));
const kafka = new Kafka({ brokers: [work.bootstrap], clientId: "foreign", logLevel: logLevel.ERROR });

const eventOf = (told, id) => new CloudEvent({ datacontenttype: "application/json", ...told, id });

async function overHttp(mode, events) {
  for (const event of events) {
    const { headers, body } = HTTP[mode](event);
    const answer = await fetch(work.url, {
      method: "POST",
      headers: { ...headers, authorization: `Bearer ${work.key}` },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`);
  }
}

async function overKafka(mode, events) {
  const producer = kafka.producer();
  await producer.connect();
  const messages = events.map((event) => {
    const { headers, value } = Binding[mode](event);
    return {
      // KafkaJS takes headers and values as text only, and no attributes that are not there
      headers: Object.fromEntries(
        Object.entries(headers).filter(([, given]) => given !== undefined).map(([name, given]) => [name, String(given)]),
      ),
      value: typeof value === "string" ? value : JSON.stringify(value),
    };
  });
  await producer.send({ topic: work.inbox, messages });
  await producer.disconnect();
}

async function send() {
  const story = work.story.map((told) => eventOf(told, told.id));
  for (const mode of ["structured", "binary"]) {
    // The SDK writes headers of binary HTTP as they are, and Node lets nothing but Latin-1 into them.
    const plain = mode === "binary" ? { ...work.own, correlationid: "order 7", source: work.plain } : work.own;
    await overHttp(mode, [...story, eventOf(plain, `js-http-${mode}`)]);
    await overKafka(mode, [...story, eventOf(work.own, `js-kafka-${mode}`)]);
  }
}

const texts = (headers) =>
  Object.fromEntries(Object.entries(headers).map(([name, raw]) => [name, raw.toString()]));

async function read() {
  const consumer = kafka.consumer({ groupId: "foreign-js" });
  await consumer.connect();
  await consumer.subscribe({ topics: [work.topic], fromBeginning: true });
  let found = 0;
  await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`${found} of ${work.count} events came`)), 60000).unref();
    const eachMessage = async ({ message }) => {
      const event = Binding.toEvent({ headers: texts(message.headers), value: message.value.toString() });
      if (event.type === "moments.line.heartbeat") return;
      event.validate();
      const { specversion, time, datacontenttype, data, ...rest } = event.toJSON();
      const content = typeof data === "string" ? JSON.parse(data) : data;
      console.log(JSON.stringify({ ...rest, ms: Date.parse(time), data: content }));
      if (++found >= work.count) resolve();
    };
    consumer.run({ eachMessage: (told) => eachMessage(told).catch(reject) });
  });
  await consumer.disconnect();
}

(process.argv[2] === "send" ? send() : read()).then(
  () => process.exit(0),
  (fault) => {
    console.error(fault);
    process.exit(1);
  },
);
