"use strict";
const make = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== undefined && child !== ""));
  return element;
};
const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const DEPTH_MAX = 6;

const resolve = (api, node) => {
  if (!node || !node.$ref) return node;
  const steps = node.$ref.slice(2).split("/");
  return steps.reduce((at, step) => at && at[step.replaceAll("~1", "/").replaceAll("~0", "~")], api);
};

/* A schema in words: types, bounds and the shape of what it holds. */
const describe = (api, schema, depth) => {
  if (schema === undefined || schema === true) return "anything";
  if (depth > DEPTH_MAX) return "…";
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return depth > 1 ? name : describe(api, resolve(api, schema), depth + 1);
  }
  for (const [key, joint] of [["oneOf", " | "], ["anyOf", " | "], ["allOf", " & "]]) {
    if (schema[key]) return schema[key].map((part) => describe(api, part, depth + 1)).join(joint);
  }
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const types = [].concat(schema.type || "any");
  if (types.includes("array")) return `[${describe(api, schema.items, depth + 1)}]`;
  if (schema.properties) {
    const indent = "  ".repeat(depth + 1);
    const required = schema.required || [];
    const lines = Object.entries(schema.properties).map(([name, property]) =>
      `${indent}${name}${required.includes(name) ? "" : "?"}: ${describe(api, property, depth + 1)}`);
    return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`;
  }
  const bounds = ["format", "minimum", "maximum", "minLength", "maxLength", "pattern", "default"]
    .filter((key) => schema[key] !== undefined)
    .map((key) => `${key} ${JSON.stringify(schema[key])}`);
  return types.join(" | ") + (bounds.length ? ` (${bounds.join(", ")})` : "");
};

const contents = (api, content) => Object.entries(content || {}).map(([type, media]) =>
  make("div", {}, make("p", { class: "soft" }, type),
    media.schema ? make("pre", { tabindex: "0" }, describe(api, media.schema, 0)) : ""));

const parameters = (api, list) => {
  if (!list.length) return "";
  const rows = list.map((raw) => resolve(api, raw)).map((parameter) => make("tr", {},
    make("td", {}, make("code", {}, parameter.name), parameter.required ? " (required)" : ""),
    make("td", {}, parameter.in),
    make("td", {}, make("code", {}, describe(api, parameter.schema, 0))),
    make("td", {}, parameter.description || "")));
  const heads = ["Name", "In", "Type", "Meaning"].map((text) => make("th", { scope: "col" }, text));
  return make("div", {}, make("h3", {}, "Parameters"),
    make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)));
};

const operation = (api, path, method, shared, entry) => {
  const body = resolve(api, entry.requestBody);
  const answers = Object.entries(entry.responses || {}).map(([status, raw]) => {
    const answer = resolve(api, raw);
    return make("div", {}, make("p", {}, make("strong", {}, status), ` ${answer.description || ""}`),
      ...contents(api, answer.content));
  });
  const words = entry.summary || "";
  const box = make("details", { id: entry.operationId || `${method}${path}` },
    make("summary", {}, make("span", { class: "method" }, method.toUpperCase()),
      make("code", {}, path), words ? ` — ${words}` : ""),
    make("div", {}, make("p", {}, entry.description || ""),
      parameters(api, [...shared, ...(entry.parameters || [])]),
      ...(body ? [make("h3", {}, "Body"), ...contents(api, body.content)] : []),
      make("h3", {}, "Answers"), ...answers));
  box.dataset.words = `${method} ${path} ${words} ${entry.description || ""}`.toLowerCase();
  return box;
};

const render = (api) => {
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => item[name])) {
      const entry = item[method];
      const tag = (entry.tags || ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(api, path, method, item.parameters || [], entry));
    }
  }
  const search = make("input", { type: "search", "aria-label": "Filter the paths", placeholder: "Filter" });
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/);
    for (const box of document.querySelectorAll("details")) {
      box.hidden = !words.every((word) => box.dataset.words.includes(word));
    }
  });
  const sections = [...groups].map(([tag, boxes]) => make("section", {}, make("h2", {}, tag), ...boxes));
  document.getElementById("paths").replaceChildren(search, ...sections);
  const asked = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (asked) { asked.open = true; asked.scrollIntoView(); }
};

fetch("/openapi.json").then((answer) => {
  if (!answer.ok) throw new Error(`/openapi.json answered ${answer.status}`);
  return answer.json();
}).then(render).catch((error) => {
  document.getElementById("paths").prepend(make("p", { role: "alert" }, String(error.message)));
});
