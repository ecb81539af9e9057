/** A decision of the guide: what it advises, why, what spoke against it, and what would change it. */

import { h, percent, sentence, term } from "./dom.js";
import { title, told } from "./facts.js";

const MOST_CHANGES = 12;

/** `change(facts)` is called with the facts that one click changes; none are offered without it. */
export function decision(found, change = null) {
  const fired = found.rules.filter(({ outcome }) => outcome);
  return h("div.stack", {},
    h("section.panel.stack", { "aria-label": "Recommendation" },
      h("div", {}, h("p.big", {}, term(found.verdict)), h("p.hint", {}, term(found.strategy), found.contested ? " · contested" : "")),
      h("p", {}, found.summary),
      found.guide_gap ? h("p.notice", {}, found.guide_gap) : null,
      found.candidates.length ? h("ol.candidates", {}, found.candidates.map(candidate)) : null),
    change ? changes(found, change) : null,
    h("section.panel.stack", { "aria-label": "Reasons" }, h("h2", {}, "Why"),
      h("ul.plain-list", {}, fired.map(({ id, statement, outcome, because }) =>
        h("li", {}, h("b", {}, `${id} `), h("span.tag", {}, outcome), " ", statement,
          h("small", {}, h("br"), `because ${Object.entries(because).map(([fact, value]) => `${title(fact).toLowerCase()}: ${told(value)}`).join("; ")}`)))),
      notes("Assumed", found.assumptions.map(({ fact, text }) => text.replace(fact, title(fact).toLowerCase()))),
      notes("Not met", found.unmet.map((one) => one.text ?? one.why ?? JSON.stringify(one)))),
    found.conflicts.length ? h("section.panel.stack", { "aria-label": "Conflicts" }, h("h2", {}, "What spoke against it"),
      h("ul.plain-list", {}, found.conflicts.map(({ rules, winner, principle, lost }) =>
        h("li", {}, h("b", {}, `${rules.join(" against ")}: ${winner} holds`), `, for ${principle}. ${lost ? `${familyOf(lost)}.` : ""}`)))) : null,
    evidence(found));
}

function candidate({ name, why, caveats = [], architecture, served_model: served }) {
  return h("li", {}, h("b", {}, name), " ", architecture ? h("span.tag", {}, architecture) : null,
    h("br"), why,
    caveats.length ? h("small", {}, h("br"), `Beware: ${caveats.join("; ")}.`) : null,
    served ? h("small", {}, h("br"), `A model of this kind serves here: ${served}.`) : null);
}

/** `classical_ml: why` as `Classical ML: why`. */
function familyOf(lost) {
  const [family, ...why] = lost.split(": ");
  return [term(family), ...why].join(": ");
}

const notes = (heading, texts) =>
  texts.length ? h("div", {}, h("h3", {}, heading), h("ul.plain-list", {}, texts.map((text) => h("li", {}, sentence(text))))) : null;

/** What would change the answer: facts that are not stated first, each a click. */
function changes({ missing_facts: missing, counterfactuals_same_problem: same, counterfactuals: others, verdict }, change) {
  const stated = new Set();
  const options = [
    ...missing.flatMap(({ fact, outcomes }) => outcomes.map((one) => ({ facts: { [fact]: one.example }, ...one }))),
    ...[...same, ...others].map((one) => ({ facts: one.change, ...one })),
  ].filter(({ facts }) => {
    const key = JSON.stringify(facts);
    return !stated.has(key) && stated.add(key);
  });
  if (!options.length) return h("p.notice", {}, "Nothing that the guide asks about would change this answer.");
  const chips = options.slice(0, MOST_CHANGES).map(({ facts, verdict: becomes, strategy }) =>
    h("li", {}, h("button.chip", { type: "button", onclick: () => change(facts) },
      h("span", {}, Object.entries(facts).map(([fact, value]) => `${title(fact)}: ${told(fact === "modalities" ? [value].flat() : value)}`).join(", "),
        " → ", h("b", {}, becomes === verdict && strategy ? term(strategy) : term(becomes))))));
  return h("section.panel.stack", { "aria-label": "What would change this answer" },
    h("h2", {}, "What would change this answer"), h("ul.chips", {}, chips));
}

function evidence({ evidence: studies, measured, comparison }) {
  if (!studies.length && !measured.length) return null;
  return h("details.panel", {}, h("summary", {}, h("h2", {}, "Evidence")),
    h("ul.plain-list", {}, studies.map(({ claim, stance, citation, url, rules }) =>
      h("li", {}, h("span.tag", {}, stance), ` ${rules.join(", ")}: ${claim}. `,
        url.startsWith("http") ? h("a", { href: url, rel: "noreferrer" }, citation) : h("span", {}, citation)))),
    measured.length ? h("div", {}, h("h3", {}, "Measured on this service's own models"),
      h("ul.plain-list", {}, measured.map(({ claim, value, low, high, guide }) =>
        h("li", {}, `${sentence(claim)}: `, h("b", {}, percent(value, 2)),
          low !== null ? ` (${percent(low, 2)} to ${percent(high, 2)})` : "", guide ? `; the guide says ${percent(guide, 2)}` : "")))) : null,
    comparison?.length ? families(comparison) : null);
}

/** The two families side by side. */
export const families = (rows) => h("div.scroll", {}, h("table", {},
  h("thead", {}, h("tr", {}, ["Property", "Classical ML", "Deep learning"].map((text) => h("th", { scope: "col" }, text)))),
  h("tbody", {}, rows.map((row) => h("tr", {},
    h("th", { scope: "row" }, sentence(row.property)), h("td", {}, row.classical_ml), h("td", {}, row.deep_learning))))));
