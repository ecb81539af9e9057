/** What each layer of the network makes of the digit, and which training images excite a channel. */

import { latest, offers, once, post } from "./api.js";
import { headings } from "./answers.js";
import { announce, fill, h, labelled, png, problem, select, sentence, waiting, words } from "./dom.js";
import { digit, isCurrent, onDigit } from "./digit.js";

/** A section that shows the layers while it is open; null where no model has layers to show. */
export async function layers(models) {
  const which = models.findIndex((one) => one.layers?.length);
  if (which < 0 || !(await offers("/layers"))) return null;
  const { name: model } = models[which];
  const hint = h("p.hint", {}, "Draw a digit first.");
  const content = h("div.layers", {}, hint);
  const section = h("details.panel", { ontoggle: () => section.open && digit() && renew(digit()) },
    h("summary", {}, h("h2", {}, `What the layers see: ${headings(models)[which]}`)),
    h("p.lead", {}, "Each tile is one channel: bright where it answers. The first layers answer to edges, later ones to shapes; the last decide. Choose a tile to see the training images that excite its channel most."),
    content);
  const figures = new Map();

  function shown(layer) {
    if (!figures.has(layer.name)) figures.set(layer.name, figure(model, layer));
    return figures.get(layer.name)(layer.png);
  }

  const renew = latest(async (current) => {
    if (!isCurrent(current)) return;
    if (!content.querySelector("figure")) fill(content);
    try {
      const answer = await waiting(content, post("layers", { model, instances: [current.png] }), 0);
      if (!isCurrent(current)) return;
      const found = answer.layers.map(shown);
      if (found[0]?.parentNode !== content) fill(content, found);
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

/** A function that shows maps of one layer, in a figure that keeps the channel that was chosen. */
function figure(model, { name, kind, shape: [channels, height, width], filters }) {
  const columns = Math.ceil(Math.sqrt(channels));
  const rows = Math.ceil(channels / columns);
  const size = `${channels} channels of ${height}×${width}`;
  const tiles = h("div.tiles", { onclick: pick });
  const frame = h("span.frame", { hidden: true, "--columns": columns, "--rows": rows });
  const excited = h("div.excited");
  const choice = select([["", "none"], ...Array.from({ length: channels }, (_, i) => [i, i])], { onchange: () => choose(choice.value) });
  const element = h("figure", {}, tiles,
    h("figcaption", {}, h("b", {}, name), ` ${sentence(words(kind))}, ${size}`),
    labelled(`Channel of ${name}`, choice), excited,
    filters ? [h("figcaption", {}, "Its filters, grey for zero"), png(filters, `Filters of ${name}`, { class: "maps" })] : null);

  function pick({ offsetX, offsetY, currentTarget: { clientWidth, clientHeight } }) {
    const place = (offset, length, count) => Math.min(count - 1, Math.floor((count * offset) / length));
    const channel = place(offsetY, clientHeight, rows) * columns + place(offsetX, clientWidth, columns);
    if (channel < channels) choose(choice.value = String(channel));
  }

  const choose = latest(async (channel) => {
    frame.hidden = channel === "";
    if (frame.hidden) return fill(excited);
    frame.style.setProperty("--column", channel % columns);
    frame.style.setProperty("--row", Math.floor(channel / columns));
    try {
      const { strongest, images } = await once(`models/${encodeURIComponent(model)}/layers/${name}/channels/${channel}`);
      if (!images) throw new Error("this version of the model was written without its training images");
      const text = "Training images that excite it most";
      fill(excited, h("p.hint", {}, text), h("div.shelf", {}, images.map((image, i) => png(image, `Training image ${strongest[i]}`))));
      announce(`Channel ${channel}: ${images.length} training images excite it most.`);
    } catch (error) {
      fill(excited, problem(error));
    }
  });

  return (maps) => {
    fill(tiles, png(maps, `Feature maps of ${name}: ${size}`, { class: "maps" }), frame);
    return element;
  };
}
