/** Heat maps: which pixels spoke for a model's answer, and which against it. */

import { latest, methods, post } from "./api.js";
import { fill, h, milliseconds, select, sentence, signed, words } from "./dom.js";
import { paint } from "./pictures.js";

const FOR = [255, 150, 60];
const AGAINST = [90, 165, 255];

/** The explanations of one model, in its slot; `ask(digit, label)` renews them. */
export async function explainer(name, slot) {
  const offered = await methods(name);
  if (!offered.length) return { offered: false, ask: () => {} };
  const canvas = h("canvas.heat", { width: 28, height: 28, role: "img", "aria-label": "No explanation yet" });
  const note = h("p.meta");
  const choice = select(offered.map((method) => [method, sentence(words(method))]), {
    "aria-label": `Explanation of ${name}`, onchange: () => last && ask(...last),
  });
  let last = null;
  fill(slot, canvas, h("div", {}, choice, note));

  const ask = latest(async (digit, label) => {
    last = [digit, label];
    try {
      const answer = await post("explain", { model: name, instances: [digit.png], method: choice.value, target: label });
      const [found] = answer.explanations;
      heat(canvas, found.attribution, digit.pixels);
      canvas.setAttribute("aria-label", `Pixels that spoke for ${label} in orange, against it in blue`);
      note.textContent = `for ${found.target ?? label}: ${signed(found.base)} → ${signed(found.value)} ${words(found.explains)}, ${milliseconds(answer.milliseconds)}`;
      note.classList.remove("bad");
    } catch (error) {
      note.textContent = sentence(error.message);
      note.classList.add("bad");
    }
    slot.hidden = false;
  });
  return { offered: true, ask };
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
