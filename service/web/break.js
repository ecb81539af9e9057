/** Damage the digit, and see each model's answer and confidence go. */

import { latest, post, settled } from "./api.js";
import { headings } from "./answers.js";
import { chart } from "./chart.js";
import { announce, button, fill, h, percent, problem, waiting } from "./dom.js";
import { digit, digitModels, onDigit, samples, setDigit } from "./digit.js";
import { DAMAGES, damaged, series } from "./perturb.js";
import { paint } from "./pictures.js";

const NOTHING = { noise: 0, shift: 0, occlusion: 0, inversion: 0 };

export function show(section) {
  const levels = { ...NOTHING };
  let swept = DAMAGES[0];
  let models = [];
  const before = h("canvas", { role: "img", "aria-label": "The digit as it was" });
  const after = h("canvas", { role: "img", "aria-label": "The digit as it is now" });
  const result = h("div.stack");
  const sliders = DAMAGES.map(slider);
  const reset = button("Undo all damage", () => {
    Object.assign(levels, NOTHING);
    for (const one of sliders) one.set(0);
    renew();
  });

  fill(section,
    h("h1", {}, "Break it"),
    h("p.lead", {}, "The models know clean, centred digits. Move a slider to see which of them notices, and which is wrong with confidence."),
    h("div.break-grid", {},
      h("div.column", {},
        h("div.before-after", {},
          h("figure", {}, before, h("figcaption", {}, "as it was")),
          h("figure", {}, after, h("figcaption", {}, "as it is now"))),
        h("p.hint", {}, "The digit of the view ", h("a", { href: "#digits" }, "Digits"), ", or a sample."),
        sliders.map(({ element }) => element), reset),
      result));

  function slider(damage) {
    const value = h("span.value", { "aria-hidden": "true" });
    const input = h("input", {
      type: "range", min: 0, max: damage.most, step: damage.step, id: `damage-${damage.name}`,
      oninput: () => {
        levels[damage.name] = Number(input.value);
        swept = damage;
        set(input.value);
        renew();
      },
    });
    function set(level) {
      input.value = level;
      value.textContent = damage.unit(level);
      input.setAttribute("aria-valuetext", damage.unit(level));
    }
    set(0);
    const element = h("div.slider", {}, h("label", { for: input.id }, damage.title), value, input);
    return { element, damage, set };
  }

  const read = settled(announce, 700);

  /** One request: the digit as it was, as it is now, and the series of the slider moved last. */
  const renew = latest(async () => {
    const current = digit();
    if (!current || !models.length) return;
    for (const { element, damage } of sliders) element.classList.toggle("swept", damage === swept);
    const now = damaged(current.pixels, levels);
    paint(before, current.pixels);
    paint(after, now);
    const steps = series(swept);
    const pictures = steps.map((level) => damaged(current.pixels, { ...levels, [swept.name]: level }));
    try {
      const answer = await waiting(result, post("compare", { instances: [current.pixels, now, ...pictures] }));
      draw(answer.models, steps);
    } catch (error) {
      fill(result, problem(error));
    }
  });

  function draw(answers, steps) {
    const names = headings(models);
    const rows = models.map((one, i) => {
      const found = answers.find((answer) => answer.model === one.name);
      if (!found) return null;
      const [first, now, ...rest] = found.predictions;
      const at = (one.labels ?? []).indexOf(first.label);
      const share = (prediction) => prediction.probabilities?.[at] ?? 0;
      return { heading: names[i], colour: i % 6, first, now, points: rest.map(share), right: rest.map((p) => p.label === first.label), warnings: found.warnings };
    }).filter(Boolean);
    const title = `Confidence in the first answer, by ${swept.title.toLowerCase()}`;
    const wrong = rows.filter(({ first, now }) => first.label !== now.label);
    const warning = rows.flatMap(({ warnings }) => warnings ?? []).find((text) => text.startsWith("instances[1]"));
    fill(result,
      h("p.summary", { class: wrong.length ? "summary split" : "summary" }, wrong.length
        ? `${changed(wrong)}.`
        : "Every model still says what it said."),
      h("div.panel", {}, h("h2", {}, title),
        chart({ levels: steps, lines: rows, now: levels[swept.name], title, unit: swept.unit }),
        h("p.hint", {}, "A dot: the same answer as at first. A cross: another one.")),
      h("div.scroll", {}, h("table", {},
        h("thead", {}, h("tr", {}, ["Model", "Before", "Now", "Confidence now"].map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", {}, rows.map(row)))),
      warning ? h("p.notice", {}, `The service warns: ${warning.replace("instances[1]", "the picture")}.`) : null);
    read(result.firstChild.textContent);
  }

  /** `CNN, Random forest now say 8; Perceptron now says 3`. */
  function changed(wrong) {
    return [...new Set(wrong.map(({ now }) => now.label))].map((label) => {
      const names = wrong.filter(({ now }) => now.label === label).map(({ heading }) => heading);
      return `${names.join(", ")} now ${names.length > 1 ? "say" : "says"} ${label}`;
    }).join("; ");
  }

  function row({ heading, colour, first, now }) {
    return h("tr", { class: first.label === now.label ? "" : "differs" },
      h("th", { scope: "row" }, h(`span.swatch.c${colour}`), heading),
      h("td", {}, first.label), h("td", {}, now.label),
      h("td", {}, now.probabilities ? percent(Math.max(...now.probabilities)) : "none"));
  }

  return async function update() {
    if (!models.length) {
      models = await digitModels();
      if (!models.length) throw new Error("no model of digits serves here; the other views work without one");
      onDigit((current) => current && section.isConnected && renew());
    }
    if (!digit()) await setDigit((await samples()).at(4)?.picture ?? null);
    await renew();
  };
}
