// The official TypeScript SDK, version 1, against a Runner: `sdk_v1.mjs URL LUTHIER WORKSPACE`.
// It is what most clients are built with still, and speaks the older era alone.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  ElicitRequestSchema,
  LATEST_PROTOCOL_VERSION,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";

import { ANSWER, checkAll, Heard, runner, STATE } from "./checks.mjs";

async function connect(transport, era) {
  const heard = new Heard();
  const logged = [];
  const client = new Client({ name: "checks", version: "1.0.0" }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, () => ANSWER);
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logged.push(params.data));
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => heard.tell("tools"));
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => heard.tell(params.uri));
  const server =
    transport === "http"
      ? new StreamableHTTPClientTransport(new URL(runner.url))
      : new StdioClientTransport({ command: runner.command, args: runner.arguments, env: process.env });
  let spoken;
  const { setProtocolVersion } = server;
  server.setProtocolVersion = (version) => {
    spoken = version;
    setProtocolVersion?.call(server, version);
  };
  await client.connect(server);

  return {
    era,
    logged,
    spoken: () => spoken,
    serverName: () => client.getServerVersion()?.name,
    page: (cursor) => client.listTools({ cursor }),
    call: (name, args, options) => client.callTool({ name, arguments: args }, undefined, options),
    read: async (uri) => (await client.readResource({ uri })).contents[0].text,
    prompt: (name, args) => client.getPrompt({ name, arguments: args }),
    complete: async (name, argument, value) => {
      const ref = { type: "ref/prompt", name };
      return (await client.complete({ ref, argument: { name: argument, value } })).completion.values;
    },
    watch: async () => {
      await client.subscribeResource({ uri: STATE });
      return { heard, end: () => client.unsubscribeResource({ uri: STATE }) };
    },
    close: () => client.close(),
  };
}

assert.equal(LATEST_PROTOCOL_VERSION, "2025-11-25", "it speaks a newer era now: check that, too");
const { version } = createRequire(import.meta.url)("./node_modules/@modelcontextprotocol/sdk/package.json");
await checkAll(`TypeScript SDK ${version}`, [LATEST_PROTOCOL_VERSION], connect);
