// The AWS SDK for JavaScript v3 as a driver of brownout: makes the calls that come in on standard input, and says on
// standard output how each of them ended. The protocol is written down in docs/driver.md.
//
// Packages are those that a program in the current folder would get. Endpoint and credentials come from the
// environment, and so does whatever the SDK reads there about retries.
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
// Standard output belongs to the protocol: what anybody prints goes to standard error.
console.log = console.info = console.debug = console.error;

// Node's own warnings, of versions that will not be supported and the like, would be told once for each play.
process.removeAllListeners("warning");

class Cannot extends Error {}

// Services whose package has another name than their endpoint.
const PACKAGES = { apigateway: "api-gateway", events: "eventbridge", logs: "cloudwatch-logs" };
const load = createRequire(join(process.cwd(), "brownout.js"));
const clients = new Map();
let config = {};

// Jitter that can be repeated, by mulberry32: a generator of 32 bits of state, and better than its size.
const seeded = (seed) => {
  let state = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const settings = () => ({
  ...(config["retries.mode"] && { retryMode: config["retries.mode"] }),
  ...(config["retries.max_attempts"] && { maxAttempts: Number(config["retries.max_attempts"]) }),
  ...((config["timeouts.connect"] || config["timeouts.read"]) && {
    requestHandler: {
      ...(config["timeouts.connect"] && { connectionTimeout: Number(config["timeouts.connect"]) }),
      // Without the second word newer versions only warn of an answer that is late.
      ...(config["timeouts.read"] && { requestTimeout: Number(config["timeouts.read"]), throwOnRequestTimeout: true }),
    },
  }),
});

const clientOf = (service) => {
  if (clients.has(service)) return clients.get(service);
  const name = `@aws-sdk/client-${PACKAGES[service] ?? service}`;
  let sdk;
  try {
    sdk = load(name);
  } catch (error) {
    throw new Cannot(
      error.code === "MODULE_NOT_FOUND"
        ? `there is no package \`${name}\` for programs in ${process.cwd()}; install it: npm install ${name}`
        : `the package \`${name}\` cannot be loaded: ${error.message}`,
    );
  }
  const wanted = `${(PACKAGES[service] ?? service).replaceAll("-", "")}client`;
  const title = Object.keys(sdk).find((key) => key.toLowerCase() === wanted);
  if (!title) throw new Cannot(`the package \`${name}\` has no client`);
  const client = new sdk[title](settings());
  let version = "";
  try {
    version = load(`${name}/package.json`).version;
  } catch {
    // Some versions do not let it be read.
  }
  clients.set(service, { sdk, client, version });
  return clients.get(service);
};

// Reads an answer to its end, streams of events too: what goes wrong there shows only to its reader.
const drain = async (answer) => {
  for (const part of Object.values(answer)) {
    if (part?.transformToByteArray) await part.transformToByteArray();
    else if (part?.[Symbol.asyncIterator]) for await (const _ of part);
  }
};

const make = async ({ service, operation, params, tag }) => {
  const { sdk, client } = clientOf(service);
  const Command = sdk[`${operation}Command`];
  if (!Command) throw new Cannot(`the package of \`${service}\` has no operation \`${operation}\``);
  const command = new Command(params);
  command.middlewareStack.add(
    (next) => (args) => {
      if (args.request?.headers) args.request.headers["brownout-call"] = tag;
      return next(args);
    },
    { step: "build", name: "brownoutCall" },
  );
  try {
    await drain(await client.send(command));
    return { outcome: "ok" };
  } catch (error) {
    const status = error.$metadata?.httpStatusCode;
    return {
      outcome: "error",
      code: String(error.name ?? "Error").slice(0, 200),
      message: String(error.message ?? "").slice(0, 1000),
      ...(Number.isInteger(status) && { status }),
      ...(error.$retryable && { retryable: true }),
    };
  }
};

const begin = async (start) => {
  if (start.brownout !== 1) throw new Cannot("this driver speaks version 1 of the driver protocol");
  config = start.config;
  Math.random = seeded(start.seed);
  const made = start.services.map(clientOf);
  const hello = {
    hello: 1,
    client: "aws-sdk-js",
    version: made[0]?.version ?? "",
    language: `node ${process.versions.node}`,
    concurrency: 10000,
  };
  if (made[0]) {
    const { retryMode, maxAttempts } = made[0].client.config;
    hello.retry_mode = String(await (typeof retryMode === "function" ? retryMode() : retryMode));
    hello.max_attempts = Number(await (typeof maxAttempts === "function" ? maxAttempts() : maxAttempts));
  }
  say(hello);
};

let greeted = false;
for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text);
  const told = greeted ? make(line).then((outcome) => say({ call: line.call, ...outcome })) : begin(line);
  const failed = told.catch((error) =>
    say({ ...(line.call && { call: line.call }), cannot: error instanceof Cannot ? error.message : String(error.stack) }),
  );
  if (!greeted) await failed;
  greeted = true;
}
for (const { client } of clients.values()) client.destroy();
