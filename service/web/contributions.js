/** Bars of numbers: probabilities from zero, contributions to either side of the middle. */

import { h, percent, signed } from "./dom.js";

/** [[name, share]] as bars from the left. */
export const shares = (pairs) =>
  h("ul.rows", {}, pairs.map(([name, share]) =>
    h("li", {}, h("span.name", { title: name }, name),
      h("span.track", { "aria-hidden": "true" }, h("i", { "--size": `${100 * share}%` })),
      h("span.amount", {}, percent(share)))));

/** { name: number } as bars that start in the middle, largest first. */
export function contributions(byName, most = 12) {
  const ranked = Object.entries(byName).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const largest = Math.abs(ranked[0]?.[1] ?? 0) || 1;
  const rest = ranked.slice(most);
  if (rest.length) ranked.splice(most, ranked.length, [`${rest.length} others`, rest.reduce((sum, [, value]) => sum + value, 0)]);
  return h("ul.rows", {}, ranked.map(([name, value]) => {
    const size = Math.min(50, (50 * Math.abs(value)) / largest);
    return h("li", {}, h("span.name", { title: name }, name),
      h("span.track.two", { "aria-hidden": "true" },
        h("i", { class: value < 0 ? "against" : "for", "--from": `${value < 0 ? 50 - size : 50}%`, "--size": `${size}%` })),
      h("span.amount", {}, signed(value)));
  }));
}

/** A text with its parts coloured by what they contributed. */
export function markedText(parts) {
  const largest = Math.max(...parts.map(({ contribution }) => Math.abs(contribution))) || 1;
  return h("p.marked", {}, parts.map(({ text, contribution }) => {
    const share = Math.abs(contribution) / largest;
    return h(`span${contribution < 0 ? ".against" : ".for"}`, { "--share": `${Math.round(45 * share)}%`, title: signed(contribution) }, text, " ");
  }));
}
