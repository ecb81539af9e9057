/** The guide: facts in, a recommendation out, and what would change it. */

import { latest, once, post } from "./api.js";
import { decision, families } from "./decision.js";
import { announce, button, busy, fill, h, problem, term, waiting } from "./dom.js";
import { factsForm } from "./facts.js";

const EXAMPLES = [
  ["A table of 20,000 customers", { modalities: ["tabular"], n_labelled: 20000, task: "classification" }],
  ["500 labelled X-rays", { modalities: ["image"], n_labelled: 500, domain: "medical_diagnosis" }],
  ["Texts, on a tight budget", { modalities: ["text"], n_labelled: 8000, budget: "tight" }],
  ["Listings with photographs", { modalities: ["tabular", "image"], n_labelled: 50000, task: "regression" }],
];

export async function show(section) {
  const result = h("div.stack");
  const undo = button("Undo the last change", () => {
    edited = null;
    state(past.pop());
  });
  undo.hidden = true;
  fill(section, busy("Reading the guide"));
  const past = [];
  let current = {};
  let edited = null; // the fact being typed, which is one change
  const form = await factsForm((facts) => {
    const [name] = form.names.filter((one) => String(facts[one]) !== String(current[one]));
    if (name !== edited) past.push(current);
    edited = name;
    state(facts, false);
  });
  const below = h("div.below");
  fill(section,
    h("h1", {}, "Which kind of model?"),
    h("p.lead", {}, "State what you know; leave the rest. The guide says what it would take, why, and what would change its mind."),
    h("ul.chips", { "aria-label": "Examples" }, EXAMPLES.map(([text, facts]) => h("li", {}, button(text, () => go(facts), "chip")))),
    h("div.guide-grid", {}, h("div.panel.stack", {}, form.element, h("div.tools", {}, button("Start over", () => go({})), undo)), result),
    below);

  function go(facts) {
    past.push(current);
    edited = null;
    state(facts);
  }

  function state(facts, write = true) {
    current = facts;
    undo.hidden = !past.length;
    history.replaceState(null, "", address(facts));
    if (write) form.write(facts);
    return ask(facts);
  }

  let asked = null;
  const ask = latest(async (facts) => {
    asked = JSON.stringify(facts);
    if (!Object.keys(facts).length) {
      return fill(result, h("p.notice", {}, "State a fact on the left, or take one of the examples."));
    }
    try {
      const found = await waiting(result, post("recommend?detail=full", facts));
      fill(result, decision(found, (change) => go({ ...facts, ...change })));
      announce(`${term(found.verdict)}. ${found.summary}`);
    } catch (error) {
      fill(result, problem(error));
    }
  });

  reference(below).catch((error) => fill(below, problem(error)));

  return async function update({ query }) {
    const facts = query.has("facts") ? stated(query.get("facts")) : current;
    if (JSON.stringify(facts) === asked) history.replaceState(null, "", address(facts));
    else await state(facts);
  };
}

/** The facts in an address; none if somebody mistyped them. */
function stated(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

const address = (facts) =>
  Object.keys(facts).length ? `#guide?facts=${encodeURIComponent(JSON.stringify(facts))}` : "#guide";

/** The guide's own tables. */
async function reference(host) {
  const [side, map] = await Promise.all([once("guide/comparison"), once("guide/architectures")]);
  fill(host,
    h("details.panel", {}, h("summary", {}, h("h2", {}, "The two families side by side")), families(side.rows)),
    h("details.panel", {}, h("summary", {}, h("h2", {}, "Which architecture is for what")),
      h("div.scroll", {}, h("table", {},
        h("thead", {}, h("tr", {}, ["Architecture", "For", "Models"].map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", {}, map.rows.map((row) => h("tr", {},
          h("th", { scope: "row" }, row.architecture), h("td", {}, row.for), h("td", {}, row.key_models.join(", ")))))))));
}
