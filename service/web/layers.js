/** What each layer of the network makes of the digit. */

import { latest, offers, post } from "./api.js";
import { busy, fill, h, png, problem, sentence, words } from "./dom.js";
import { digit, onDigit } from "./digit.js";

/** A section that shows the layers while it is open; null where the service does not offer them. */
export async function layers() {
  if (!(await offers("/layers"))) return null;
  const content = h("div.layers", {}, h("p.hint", {}, "Draw a digit first."));
  const section = h("details.panel", { ontoggle: () => section.open && digit() && renew(digit()) },
    h("summary", {}, h("h2", {}, "What the layers see")),
    h("p.lead", {}, "Each tile is one channel. The first layers answer to edges, later ones to shapes; the last decide."),
    content);

  const renew = latest(async (current) => {
    if (!content.querySelector("figure")) fill(content, busy("Asking the network for its layers"));
    try {
      const answer = await post("layers", { instances: [current.png] });
      fill(content, answer.layers.map(figure));
    } catch (error) {
      fill(content, problem(error));
    }
  });
  onDigit((current) => current && section.open && renew(current));
  return section;
}

function figure({ name, kind, shape, png: picture, filters }) {
  const size = shape.length === 3 ? `${shape[0]} channels of ${shape[1]}×${shape[2]}` : `${shape.join("×")} numbers`;
  const seen = filters ? [h("figcaption", {}, "Its filters, grey for zero"), png(filters, `Filters of ${name}`, { class: "maps" })] : [];
  return h("figure", {}, png(picture, `Feature maps of ${name}: ${size}`, { class: "maps" }),
    h("figcaption", {}, h("b", {}, name), ` ${sentence(words(kind))}, ${size}`), ...seen);
}
