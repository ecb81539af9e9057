/** Heat maps: which pixels spoke for a model's answer, and which against it. */

import { latest, methods, model, post } from "./api.js";
import { figure, fill, h, milliseconds, select, sentence, words } from "./dom.js";
import { isCurrent } from "./digit.js";
import { paint } from "./pictures.js";

const FOR = [255, 150, 60];
const AGAINST = [90, 165, 255];

const UNEXPLAINED = "No explanation yet";
const SAMPLING = ["shapley", "occlusion"];

/** The explanations of one model, in its slot; `ask(digit, label)` renews them. */
export async function explainer(name, slot) {
  const offered = await methods(name);
  if (!offered.length) return { offered: false, ask: () => {} };
  const canvas = h("canvas.heat", { width: 28, height: 28, role: "img", "aria-label": UNEXPLAINED });
  const note = h("p.meta");
  const trust = h("div.trust");
  const choice = select(offered.map((method) => [method, sentence(words(method))]), {
    "aria-label": `Explanation of ${name}`, onchange: () => {
      rate();
      if (last) ask(...last);
    },
  });
  const measured = (await model(name))?.manifest.faithfulness ?? [];
  let last = null;
  fill(slot, canvas, h("div", {}, choice, note), trust);
  rate();

  function rate() {
    const found = measured.find(({ method }) => method === choice.value);
    fill(trust, found && faithfulness(found));
  }

  const ask = latest(async (digit, label) => {
    last = [digit, label];
    try {
      const answer = await post("explain", { model: name, instances: [digit.png], method: choice.value, target: label });
      if (!isCurrent(digit)) return;
      const [found] = answer.explanations;
      heat(canvas, found.attribution, digit.pixels);
      canvas.setAttribute("aria-label", `Pixels that spoke for ${label} in orange, against it in blue`);
      note.textContent = `for ${found.target ?? label}: ${journey(found, answer.method)}, ${milliseconds(answer.milliseconds)}`;
      note.classList.remove("bad");
    } catch (error) {
      if (!isCurrent(digit)) return;
      paint(canvas, digit.pixels);
      canvas.setAttribute("aria-label", UNEXPLAINED);
      note.textContent = sentence(error.message);
      note.classList.add("bad");
    }
    slot.hidden = false;
  });
  return { offered: true, ask };
}

/** How far a method can be trusted: its deletion and insertion curves beside a random order's. */
function faithfulness({ samples, deletion, deletion_at_random: chance, insertion, insertion_at_random: other, p_value: p }) {
  const better = deletion < chance && p < 0.01;
  return h("details.meta", {},
    h("summary", {}, better
      ? `Deleting the pixels it points to takes the answer away ${figure(chance / deletion, 2)} times faster than random ones; measured on ${figure(samples)} images.`
      : `Deleting the pixels it points to takes the answer away no faster than random ones, on ${figure(samples)} images: do not trust it.`),
    h("p", {}, `While what matters most is deleted first, the answer keeps a probability of ${deletion.toFixed(2)} on average (${chance.toFixed(2)} in random order); while it is put back first, ${insertion.toFixed(2)} (${other.toFixed(2)}).`));
}

/** From the base to the value that the parts add up to, where they do. Only sampling methods explain what calibration makes of it. */
export function journey({ explains, base, value, additive, standard_error: error }, method) {
  const what = explains === "probability" && !SAMPLING.includes(method) ? "probability before calibration" : explains;
  if (additive === false) return `${what} ${figure(value, 3)}`;
  const within = error ? ` ± ${figure(error, 1)} each` : "";
  return `${what} ${figure(base, 3)} → ${figure(value, 3)}${within}`;
}

/** Paint an attribution over the digit it is of. */
export function heat(canvas, attribution, pixels) {
  const largest = Math.max(...attribution.flat(4).map(Math.abs)) || 1;
  paint(canvas, pixels, (ink, x, y) => {
    const share = attribution[y][x] / largest;
    const weight = Math.abs(share) ** 0.6;
    const colour = share > 0 ? FOR : AGAINST;
    return colour.map((part) => Math.round(0.3 * ink * (1 - weight) + part * weight));
  });
}
