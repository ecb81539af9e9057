/** The form of facts, made from the schema of `POST /recommend`. */

import { once } from "./api.js";
import { h, labelled, select, sentence, uid, words } from "./dom.js";

const FIRST = ["modalities", "task", "n_labelled", "explainability", "domain", "budget"];
const TITLES = {
  modalities: "Kinds of data", task: "Task", n_rows: "Examples", n_labelled: "Examples with a label",
  explainability: "Explanations", domain: "Domain", budget: "Compute and time",
  clean: "Clean table", trees_exhausted: "Tree models tuned to their limit",
  feature_engineering: "Features by hand", n_features: "Columns", n_classes: "Classes",
  rarest_class_share: "Share of the rarest class", latency_ms: "Most milliseconds per answer",
  n_series: "Time series", hardware: "Hardware",
};

/** The title of a fact, as people write it. */
export const title = (fact) => TITLES[fact] ?? sentence(words(fact));

/** A fact's value in words. */
export function told(value) {
  if (value === null || value === undefined) return "not stated";
  if (Array.isArray(value)) return value.map(words).join(" and ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? value.toLocaleString("en") : words(value);
}

/** A form whose `changed(facts)` is called with every edit; facts that are not stated are left out. */
export async function factsForm(changed) {
  const document = await once("openapi.json");
  const properties = document.components.schemas.Facts.properties;
  const names = Object.keys(properties);
  const fields = names.map((name) => field(name, properties[name], () => changed(read())));
  const pick = (wanted) => fields.filter(({ name }) => FIRST.includes(name) === wanted).map(({ element }) => element);
  const more = h("details", {}, h("summary", {}, "More facts"), h("div.stack", {}, pick(false)));
  const element = h("form.stack", { onsubmit: (event) => event.preventDefault(), "aria-label": "Facts of the problem" }, pick(true), more);

  function read() {
    return Object.fromEntries(fields.map((one) => [one.name, one.read()]).filter(([, value]) => value !== null));
  }
  function write(facts) {
    for (const one of fields) one.write(facts[one.name] ?? null);
    if (Object.keys(facts).some((name) => !FIRST.includes(name))) more.open = true;
  }
  return { element, read, write, names };
}

function field(name, schema, changed) {
  const [type] = (schema.anyOf ?? [schema]).filter((one) => one.type !== "null");
  const made = type.type === "array" ? checks(name, type.items.enum, changed)
    : type.enum ? choice(type.enum.map((value) => [value, sentence(words(value))]), changed, (text) => text)
    : type.type === "boolean" ? choice([["true", "Yes"], ["false", "No"]], changed, (text) => text === "true")
    : number(type, changed);
  return { name, element: made.control ? labelled(title(name), made.control, name === "domain" ? null : hintOf(name)) : made.element, ...made.access };
}

const hintOf = (name) => (name === "rarest_class_share" ? "above 0, at most 1" : null);

function checks(name, values, changed) {
  const boxes = values.map((value) => h("input", { type: "checkbox", id: uid(value), name: value, onchange: changed }));
  const element = h("fieldset", {}, h("legend", {}, title(name)),
    h("div.checks", {}, boxes.map((box) => h("label", { for: box.id }, box, sentence(words(box.name))))));
  return {
    element,
    access: {
      element,
      read: () => (boxes.some((box) => box.checked) ? boxes.filter((box) => box.checked).map((box) => box.name) : null),
      write: (value) => boxes.forEach((box) => (box.checked = Boolean(value?.includes(box.name)))),
    },
  };
}

function choice(pairs, changed, parse) {
  const control = select([["", "Not stated"], ...pairs], { onchange: changed });
  return {
    control,
    access: {
      read: () => (control.value === "" ? null : parse(control.value)),
      write: (value) => (control.value = value === null ? "" : String(value)),
    },
  };
}

function number(type, changed) {
  const control = h("input", {
    type: "number", min: type.minimum ?? 0, max: type.maximum, step: type.type === "integer" ? 1 : "any",
    inputmode: type.type === "integer" ? "numeric" : "decimal", placeholder: "Not stated", oninput: changed,
  });
  return {
    control,
    access: {
      read: () => (control.value === "" ? null : Number(control.value)),
      write: (value) => (control.value = value ?? ""),
    },
  };
}
