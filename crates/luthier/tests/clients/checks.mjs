// What a JavaScript client must find at a Runner: the checks of checks.txt, for any client's adapter.
//
// An adapter is what `connect` of sdk.mjs or sdk_v1.mjs returns: the methods called on `client` here.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

export const STATE = "state://active";
const CHECK_MS_MAX = 30_000;
const PAGES_MAX = 10;
const lines = readFileSync(new URL("checks.txt", import.meta.url), "utf8").trim().split("\n");
const NAMES = lines.map((line) => line.split(" ")[0]);

export const ANSWER = { action: "accept", content: { name: "Ada" } };

/** Where the Runner is that is checked, from the command line. */
export const runner = (([url, command, workspace]) => ({
  url,
  command,
  arguments: ["--workspace", workspace, "mcp", "runner"],
  luthier: (...words) => execFileSync(command, ["--workspace", workspace, ...words], { stdio: "pipe" }),
}))(process.argv.slice(2));

/** What was told of, one after another, for whoever waits for it. */
export class Heard {
  #names = [];
  #wake = () => {};

  tell(name) {
    this.#names.push(name);
    this.#wake();
  }

  async waitFor(name) {
    while (!this.#names.includes(name)) {
      await new Promise((resolve) => (this.#wake = resolve));
    }
    this.#names = [];
  }
}

async function allTools(client) {
  const names = [];
  let cursor;
  for (let count = 0; count < PAGES_MAX; count++) {
    const page = await client.page(cursor);
    names.push(...page.tools.map((tool) => tool.name));
    cursor = page.nextCursor;
    if (cursor === undefined) return names;
  }
  throw new Error(`there are more than ${PAGES_MAX} pages`);
}

const text = (result) => result.content[0].text;

const CHECKS = {
  async era(client) {
    assert.equal(client.spoken(), client.era);
    assert.equal(client.serverName(), "luthier");
  },

  async pages(client) {
    const names = await allTools(client);
    assert.equal(new Set(names).size, names.length);
    for (const name of ["find_tools", "divide", "zz_filler_0", "zz_filler_499"]) {
      assert.ok(names.includes(name), `${name} is missing`);
    }
  },

  async structured(client) {
    const result = await client.call("divide", { a: 7, b: 2 });
    const { conversation_id, logs_uri } = result._meta;
    assert.deepEqual(result.structuredContent, { quotient: 3, remainder: 1, conversation_id });
    assert.deepEqual(JSON.parse(text(result)), { quotient: 3, remainder: 1 });
    assert.equal(logs_uri, `logs://${conversation_id}`);
  },

  async "wrong-arguments"(client) {
    const result = await client.call("divide", { a: "seven" });
    assert.equal(result.isError, true);
    for (const part of ["do not fit", "/a", '"b"']) assert.ok(text(result).includes(part), text(result));
  },

  async "tool-error"(client) {
    const result = await client.call("divide", { a: 7, b: 0 });
    assert.equal(result.isError, true);
    assert.equal(text(result), "b must not be 0");
    assert.deepEqual(result._meta.data, { b: 0 });
  },

  async "unknown-tool"(client) {
    await assert.rejects(client.call("divid", {}), /did you mean `divide`/);
  },

  async contents(client) {
    const { content } = await client.call("test_multiple_content_types", {});
    assert.deepEqual(content.map((part) => part.type), ["text", "image", "resource"]);
    assert.equal(content[1].mimeType, "image/png");
    assert.equal(content[2].resource.text, '{"test":"data","value":123}');
  },

  async "built-in"(client) {
    assert.ok(Array.isArray(JSON.parse(await client.read("session://index?limit=5")).sessions));
    const versions = JSON.parse(await client.read("compat://manifest")).protocol_versions;
    assert.ok(versions.includes(client.era), versions);
  },

  async resource(client) {
    assert.equal(await client.read("test://static-text"), "This is the content of the static text resource.");
  },

  async template(client) {
    const read = JSON.parse(await client.read("test://template/9/data"));
    assert.deepEqual(read, { id: "9", templateTest: true, data: "Data for ID: 9" });
  },

  async prompt(client) {
    const { messages } = await client.prompt("test_prompt_with_arguments", { arg1: "a", arg2: "b" });
    assert.equal(messages[0].content.text, "Prompt with arguments: arg1='a', arg2='b'");
  },

  async completion(client) {
    assert.deepEqual(await client.complete("test_prompt_with_arguments", "arg1", "part"), ["party"]);
  },

  async progress(client) {
    const told = [];
    await client.call("test_tool_with_progress", {}, { onprogress: ({ progress, total }) => told.push([progress, total]) });
    assert.deepEqual(told, [[0, 100], [50, 100], [100, 100]]);
  },

  async logging(client) {
    client.logged.length = 0;
    await client.call("test_tool_with_logging", {});
    assert.deepEqual(client.logged, ["Tool execution started", "Tool processing data", "Tool execution completed"]);
  },

  async question(client) {
    assert.equal(text(await client.call("test_input_required_result_elicitation", {})), "Hello, Ada!");
  },

  async cancellation(client) {
    const marker = randomUUID();
    const cancel = new AbortController();
    const onprogress = () => cancel.abort("not wanted any more");
    await assert.rejects(client.call("wait", { marker }, { onprogress, signal: cancel.signal }));
    while (!(await client.read("logs://recent")).includes(`stopped ${marker}`));
  },

  async conversation(client, connect) {
    const first = await client.call("remember", { word: "one" });
    const { conversation_id } = first._meta;
    const other = await connect();
    const second = await other.call("remember", { word: "two", conversation_id });
    await other.close();
    assert.deepEqual(second.structuredContent.result, ["one", "two"]);
    assert.ok((await client.read("session://index")).includes(conversation_id));
  },

  async "list-changed"(client) {
    const watching = await client.watch();
    const added = text(await client.call("test_trigger_tool_change", {}));
    await watching.heard.waitFor("tools");
    await watching.end();
    assert.ok((await allTools(client)).includes(added), `${added} is missing`);
    assert.equal(text(await client.call(added, {})), added);
  },

  async promote(client) {
    const greeting = randomUUID();
    const watching = await client.watch();
    runner.luthier("state", "patch", "staging", "--merge", JSON.stringify({ greeting }));
    runner.luthier("state", "promote");
    await watching.heard.waitFor(STATE);
    await watching.end();
    assert.deepEqual(JSON.parse(await client.read(STATE)), { greeting });
    assert.equal(text(await client.call("greet", {})), greeting);
  },
};

function withinLimit(work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${CHECK_MS_MAX} ms`)), CHECK_MS_MAX);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Runs every check over each transport in each era that the client speaks. */
export async function checkAll(name, eras, connect) {
  assert.deepEqual(Object.keys(CHECKS), NAMES);
  for (const transport of ["http", "stdio"]) {
    for (const era of eras) {
      const client = await connect(transport, era);
      for (const [check, run] of Object.entries(CHECKS)) {
        try {
          await withinLimit(run(client, () => connect(transport, era)));
        } catch (error) {
          console.error(`${name} over ${transport}, ${era}: ${check}:`, error);
          process.exit(1);
        }
      }
      await client.close();
      console.log(`${name}, ${transport}, ${era}: ${NAMES.length} checks hold`);
    }
  }
}
