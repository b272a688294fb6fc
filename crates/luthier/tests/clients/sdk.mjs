// The official TypeScript SDK, version 2, against a Runner: `sdk.mjs URL LUTHIER WORKSPACE`.
// It speaks both eras.

import { createRequire } from "node:module";

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

import { ANSWER, checkAll, Heard, runner, STATE } from "./checks.mjs";

const MODES = { "2025-11-25": "legacy", "2026-07-28": "auto" };
const LOG_LEVEL = "io.modelcontextprotocol/logLevel";

async function connect(transport, era) {
  const isLegacy = MODES[era] === "legacy";
  const heard = new Heard();
  const logged = [];
  const client = new Client(
    { name: "checks", version: "1.0.0" },
    { capabilities: { elicitation: {} }, versionNegotiation: { mode: MODES[era] } },
  );
  client.setRequestHandler("elicitation/create", () => ANSWER);
  client.setNotificationHandler("notifications/message", ({ params }) => void logged.push(params.data));
  client.setNotificationHandler("notifications/tools/list_changed", () => heard.tell("tools"));
  client.setNotificationHandler("notifications/resources/updated", ({ params }) => heard.tell(params.uri));
  await client.connect(
    transport === "http"
      ? new StreamableHTTPClientTransport(new URL(runner.url))
      : new StdioClientTransport({ command: runner.command, args: runner.arguments, env: process.env }),
  );

  // The newer era wants it said with each request what is to be logged.
  const meta = isLegacy ? {} : { _meta: { [LOG_LEVEL]: "info" } };
  return {
    era,
    logged,
    spoken: () => client.getNegotiatedProtocolVersion(),
    serverName: () => client.getServerVersion()?.name,
    page: (cursor) => client.listTools(cursor === undefined ? undefined : { cursor }),
    call: (name, args, options) => client.callTool({ name, arguments: args, ...meta }, options),
    read: async (uri) => (await client.readResource({ uri })).contents[0].text,
    prompt: (name, args) => client.getPrompt({ name, arguments: args }),
    complete: async (name, argument, value) => {
      const ref = { type: "ref/prompt", name };
      return (await client.complete({ ref, argument: { name: argument, value } })).completion.values;
    },
    watch: async () => {
      if (isLegacy) {
        await client.subscribeResource({ uri: STATE });
        return { heard, end: () => client.unsubscribeResource({ uri: STATE }) };
      }
      const listening = await client.listen({ toolsListChanged: true, resourceSubscriptions: [STATE] });
      return { heard, end: () => listening.close() };
    },
    close: () => client.close(),
  };
}

const { version } = createRequire(import.meta.url)("./node_modules/@modelcontextprotocol/client/package.json");
await checkAll(`TypeScript SDK ${version}`, Object.keys(MODES), connect);
