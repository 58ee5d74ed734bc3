// A program on the AWS SDK for JavaScript that makes the calls of a scenario, and says on standard output how each of
// them ended.
//
//   node verdict_js.mjs DEMAND      what demand.py gives for one scenario
//       --timeout SECONDS           how long to wait for an answer
//       --attempts N                a mistake: so many attempts, in the client's configuration
//
// It knows nothing of brownout but the address of its queues: endpoint, credentials and retry mode come from the
// environment.
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

// Services whose package has another name than their endpoint.
const PACKAGES = { events: "eventbridge", logs: "cloudwatch-logs" };

const typed = (name, value) => {
  if (["Payload", "body"].includes(name) && typeof value === "object") return JSON.stringify(value);
  if (name === "QueueUrl") return `${process.env.BROWNOUT_ENDPOINT}/${value.split("/").slice(3).join("/")}`;
  return value;
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { timeout: { type: "string" }, attempts: { type: "string" } },
});
const settings = {
  // Without the second word the SDK only warns of an answer that is late.
  ...(values.timeout && { requestHandler: { requestTimeout: 1000 * values.timeout, throwOnRequestTimeout: true } }),
  ...(values.attempts && { maxAttempts: Number(values.attempts) }),
};
const sdks = {};

const clientOf = async (service) => {
  if (!sdks[service]) {
    const name = PACKAGES[service] ?? service;
    const sdk = await import(`@aws-sdk/client-${name}`);
    const title = Object.keys(sdk).find((key) => key.toLowerCase() === `${name.replaceAll("-", "")}client`);
    sdks[service] = { sdk, client: new sdk[title](settings) };
  }
  return sdks[service];
};

// Makes one call and reads its whole answer; gives its error's name.
const call = async ({ sdk, client }, operation, params) => {
  const command = new sdk[`${operation}Command`](params);
  try {
    const answer = await client.send(command);
    await Promise.all(Object.values(answer).map((part) => part?.transformToString?.()));
    return "";
  } catch (error) {
    return error.name;
  }
};

const ended = [];
for (const [service, operation, given, count, every, atATime] of JSON.parse(positionals[0])) {
  const client = await clientOf(service);
  const params = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, typed(name, value)]));
  const began = performance.now();
  const all = [];
  const running = new Set();
  for (let number = 0; number < count; number++) {
    if (every) await sleep(Math.max(0, began + 1000 * number * every - performance.now()));
    else if (running.size >= atATime) await Promise.race(running);
    const one = call(client, operation, params).finally(() => running.delete(one));
    running.add(one);
    all.push(one);
  }
  ended.push(...(await Promise.all(all)));
}
for (const { client } of Object.values(sdks)) client.destroy();
console.log(JSON.stringify(ended));
