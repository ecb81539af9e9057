/** How a fitted model was chosen: candidates, figures, the verdict, and the guide's advice. */

import { figure, h, term, words } from "./dom.js";

export function comparison({ candidates, verdict, advice, metric, splits, rows, target }) {
  const tried = candidates.filter(({ failed }) => !failed);
  return h("details.panel", { open: true },
    h("summary", {}, h("h2", {}, "How it was chosen")),
    h("div.stack", {},
    h("ul.plain-list", {}, verdict.map((text) => h("li", {}, text))),
    h("div.scroll", {}, h("table", {},
      h("caption.unseen", {}, `Candidates for ${target}, by ${metric}`),
      h("thead", {}, h("tr", {},
        h("th", { scope: "col" }, "Candidate"),
        h("th.number", { scope: "col" }, words(metric)),
        h("th.number", { scope: "col" }, "Row"),
        h("th", { scope: "col" }, "As good as the best"))),
      h("tbody", {}, tried.map((one) => h("tr", {},
        h("th", { scope: "row" }, one.model ? h("a", { href: `#tables/${encodeURIComponent(one.model)}` }, one.title) : one.title),
        h("td.number", {}, figure(one.figures[metric] ?? NaN)),
        h("td.number", {}, one.microseconds_per_row ? `${Math.round(one.microseconds_per_row)} µs` : ""),
        h("td", {}, one.as_good_as_best ? "yes" : one.barred ?? "no")))))),
    h("p.hint", {}, `${splits === 1 ? "One split" : `${splits} splits`} of ${figure(rows)} rows.`),
    h("p", {}, h("b", {}, `The guide had advised ${words(advice.verdict).replace("classical ml", "classical ML")}. `), advice.summary)));
}
