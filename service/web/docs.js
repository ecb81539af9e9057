/** The API as its OpenAPI document has it: routes, fields, answers, and a call to copy. */

import { once } from "./api.js";
import { fill, h, problem, sentence } from "./dom.js";

const host = document.getElementById("content");
const GROUPS = [
  ["Ask the models", /^\/(predict|compare|explain|layers)/],
  ["The guide", /^\/(recommend|guide)/],
  ["Models", /^\/models/],
  ["Open Inference Protocol", /^\/v2/],
  ["Health and the rest", /./],
];

document.querySelector("nav [aria-current]").scrollIntoView({ block: "nearest", inline: "nearest" });
show().catch((error) => fill(host, problem(error)));

async function show() {
  const document_ = await once("openapi.json");
  const operations = Object.entries(document_.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })));
  const left = new Set(operations);
  const groups = GROUPS.map(([name, pattern]) => {
    const members = [...left].filter(({ path }) => pattern.test(path));
    members.forEach((one) => left.delete(one));
    return [name, members];
  });
  fill(host,
    h("h1", {}, "API"),
    h("p.lead", {}, marked(document_.info.description), " The same for machines: ", h("a", { href: "openapi.json" }, "openapi.json"), "."),
    groups.filter(([, members]) => members.length).map(([name, members]) =>
      h("section.group", {}, h("h2", {}, name), members.map((one) => operation(one, document_.components.schemas)))));
  if (location.hash.length > 1) document.getElementById(location.hash.slice(1))?.setAttribute("open", "");
}

/** Text with its `code` as elements. */
const marked = (text) => text.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part));

function operation({ path, method, summary, operationId, parameters, requestBody, responses }, schemas) {
  const details = h("details", { id: operationId, ontoggle: () => body.childElementCount || fill(body, inside()) },
    h("summary", {}, h(`span.method.${method.toLowerCase()}`, {}, method), h("code", {}, path), h("span.soft", {}, summary)));
  const where = `${method} ${path}`;
  const body = h("div.stack.inside");
  details.append(body);

  const inside = () => [
    parameters.length ? fields("Parameters", parameters.map((one) => [one.name, one.required, one.schema, one.in]), where) : null,
    requestBody ? Object.entries(requestBody.content).map(([media, { schema }]) => of(`Body: ${media}`, schema)) : null,
    call(path, method, requestBody),
    // Answers common to all routes are references and are left out.
    Object.entries(responses).filter(([, answer]) => !answer.$ref).map(([status, { description, content }]) =>
      status.startsWith("2")
        ? Object.entries(content ?? {}).map(([media, { schema }]) => of(`${status}: ${media}`, schema, description))
        : h("p.answered", {}, h("code", {}, status), ` ${description}`)),
  ];

  function of(heading, schema, description = null) {
    return alternatives(schema).map((one) => {
      const found = resolved(one);
      const required = found.required ?? [];
      const rows = Object.entries(found.properties ?? {}).map(([name, field]) => [name, required.includes(name), field]);
      return rows.length ? fields(found.title ? `${heading}, ${found.title}` : heading, rows, where) : h("p", {}, h("b", {}, heading), ` ${description ?? type(found)}`);
    });
  }

  function alternatives(schema) {
    return schema.anyOf ?? [schema];
  }

  function resolved(schema) {
    return schema.$ref ? schemas[schema.$ref.split("/").at(-1)] ?? {} : schema;
  }

  return details;
}

function fields(heading, rows, where) {
  return h("div.scroll", { tabindex: 0, role: "group", "aria-label": `${heading} of ${where}` }, h("table", {},
    h("caption", {}, heading),
    h("tbody", {}, rows.map(([name, required, schema, place]) => h("tr", {},
      h("th", { scope: "row" }, h("code", {}, name), required ? "" : h("small", {}, " optional")),
      h("td", {}, h("code", {}, type(schema)), place ? h("small", {}, ` in the ${place}`) : null),
      h("td", {}, schema.description ?? ""))))));
}

/** The type of a schema in short: `string | null`, `integer[]`, the name of an object. */
function type(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.const) return String(schema.const);
  const some = schema.anyOf ?? schema.oneOf;
  if (some) return some.map(type).join(" | ");
  if (schema.type === "array") return `${type(schema.items ?? {}) || "any"}[]`;
  return schema.type ?? "any";
}

/** A call that can be pasted into a shell. */
function call(path, method, requestBody) {
  const url = `${new URL("..", import.meta.url).href.replace(/\/$/, "")}${path}`;
  const schema = requestBody?.content["application/json"]?.schema;
  if (method === "GET") return h("pre", { tabindex: 0 }, `curl -sS '${url}'`);
  if (!schema) return null;
  const example = schema.examples?.[0] ?? {};
  const text = JSON.stringify(example);
  const short = text.length < 400 ? text : '{"instances": [...]}';
  return h("pre", { tabindex: 0 }, `curl -sS '${url}' -H 'content-type: application/json' -d '${short}'`);
}
