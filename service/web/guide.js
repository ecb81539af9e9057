/** The guide: facts in, a recommendation out, and what would change it. */

import { latest, once, post } from "./api.js";
import { decision, families } from "./decision.js";
import { announce, button, busy, fill, h, problem, term } from "./dom.js";
import { factsForm } from "./facts.js";

const EXAMPLES = [
  ["A table of 20,000 customers", { modalities: ["tabular"], n_labelled: 20000, task: "classification" }],
  ["500 labelled X-rays", { modalities: ["image"], n_labelled: 500, domain: "medical_diagnosis" }],
  ["Texts, on a tight budget", { modalities: ["text"], n_labelled: 8000, budget: "tight" }],
  ["Listings with photographs", { modalities: ["tabular", "image"], n_labelled: 50000, task: "regression" }],
];

export async function show(section) {
  const result = h("div.stack");
  const undo = button("Undo the last change", () => history.back());
  undo.hidden = true;
  fill(section, busy("Reading the guide"));
  const form = await factsForm((facts) => {
    history.replaceState(null, "", address(facts));
    ask(facts);
  });
  const below = h("div.below");
  fill(section,
    h("h1", {}, "Which kind of model?"),
    h("p.lead", {}, "State what you know; leave the rest. The guide says what it would take, why, and what would change its mind."),
    h("ul.chips", { "aria-label": "Examples" }, EXAMPLES.map(([text, facts]) => h("li", {}, button(text, () => go(facts), "chip")))),
    h("div.guide-grid", {}, h("div.panel.stack", {}, form.element, h("div.tools", {}, button("Start over", () => go({})), undo)), result),
    below);
  let asked = null;

  function go(facts) {
    undo.hidden = false;
    location.hash = address(facts);
  }

  const ask = latest(async (facts) => {
    asked = JSON.stringify(facts);
    if (!Object.keys(facts).length) {
      return fill(result, h("p.notice", {}, "State a fact on the left, or take one of the examples."));
    }
    try {
      const found = await post("recommend?detail=full", facts);
      fill(result, decision(found, (change) => go({ ...facts, ...change })));
      announce(`${term(found.verdict)}. ${found.summary}`);
    } catch (error) {
      fill(result, problem(error));
    }
  });

  reference(below).catch((error) => fill(below, problem(error)));

  return async function update({ query }) {
    const facts = stated(query.get("facts"));
    form.write(facts);
    if (JSON.stringify(facts) !== asked) await ask(facts);
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
