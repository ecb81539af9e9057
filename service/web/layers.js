/** What each layer of the network makes of the digit. */

import { latest, offers, post } from "./api.js";
import { headings } from "./answers.js";
import { fill, h, png, problem, sentence, waiting, words } from "./dom.js";
import { digit, isCurrent, onDigit } from "./digit.js";

/** A section that shows the layers while it is open; null where no model has layers to show. */
export async function layers(models) {
  const which = models.findIndex((one) => one.layers?.length);
  if (which < 0 || !(await offers("/layers"))) return null;
  const hint = h("p.hint", {}, "Draw a digit first.");
  const content = h("div.layers", {}, hint);
  const section = h("details.panel", { ontoggle: () => section.open && digit() && renew(digit()) },
    h("summary", {}, h("h2", {}, `What the layers see: ${headings(models)[which]}`)),
    h("p.lead", {}, "Each tile is one channel. The first layers answer to edges, later ones to shapes; the last decide."),
    content);

  const renew = latest(async (current) => {
    if (!isCurrent(current)) return;
    if (!content.querySelector("figure")) fill(content);
    try {
      const answer = await waiting(content, post("layers", { model: models[which].name, instances: [current.png] }), 0);
      if (isCurrent(current)) fill(content, answer.layers.map(figure));
    } catch (error) {
      if (isCurrent(current)) fill(content, problem(error));
    }
  });
  onDigit((current) => {
    if (!current) fill(content, hint);
    else if (section.open) renew(current);
  });
  return section;
}

function figure({ name, kind, shape, png: picture, filters }) {
  const size = shape.length === 3 ? `${shape[0]} channels of ${shape[1]}×${shape[2]}` : `${shape.join("×")} numbers`;
  const seen = filters ? [h("figcaption", {}, "Its filters, grey for zero"), png(filters, `Filters of ${name}`, { class: "maps" })] : [];
  return h("figure", {}, png(picture, `Feature maps of ${name}: ${size}`, { class: "maps" }),
    h("figcaption", {}, h("b", {}, name), ` ${sentence(words(kind))}, ${size}`), ...seen);
}
