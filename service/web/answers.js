/** The models' answers side by side: label, probabilities, time, and where they disagree. */

import { get, settled } from "./api.js";
import { announce, fill, h, milliseconds, percent, term } from "./dom.js";

const COLOURS = 6;
const MOST_BARS = 10;
const COUNTS = ["no model", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/** The answer that most models give; of those as frequent, the first model's. */
export function majority(labels) {
  const count = (label) => labels.filter((other) => other === label).length;
  return labels.reduce((best, label) => (count(label) > count(best) ? label : best), labels[0]);
}

/** What the models say, in one sentence. */
export function agreement(said) {
  const labels = said.map(({ label }) => label);
  if (new Set(labels).size === 1) return said.length > 1 ? `All ${COUNTS[said.length] ?? said.length} say ${labels[0]}.` : `It says ${labels[0]}.`;
  return `They disagree: ${said.map(({ heading, label }) => `${heading} ${label}`).join(", ")}.`;
}

/** Headings of models: the algorithm's name where it is the only one of its kind. */
export function headings(models) {
  const named = models.map((model) => (model.algorithm ? term(model.algorithm) : model.name));
  return named.map((name, i) => (named.filter((other) => other === name).length > 1 ? models[i].name : name));
}

export class Answers {
  #cards = new Map();
  #read = settled((text) => announce(text), 600);

  /** `models` as `GET /models` lists them, with their `labels`. */
  constructor(models) {
    const names = headings(models);
    this.summary = h("p.summary", {}, "Draw a digit to see what the models make of it.");
    this.element = h("div.answers", {}, models.map((model, i) => {
      const card = makeCard(model, names[i], i % COLOURS);
      this.#cards.set(model.name, card);
      return card.element;
    }));
  }

  /** Where an explanation of a model's answer belongs. */
  slot(name) {
    return this.#cards.get(name)?.slot;
  }

  /** Show the answers of `POST /compare`; the cards of other models are cleared. */
  show(models) {
    for (const [name, card] of this.#cards) if (!models.some((one) => one.model === name)) card.clear();
    const said = models.filter((one) => this.#cards.has(one.model)).map((one) => {
      const card = this.#cards.get(one.model);
      return { card, heading: card.heading, label: one.predictions[0].label, prediction: one.predictions[0] };
    });
    if (!said.length) return said;
    const order = [...this.#cards.values()];
    said.sort((a, b) => order.indexOf(a.card) - order.indexOf(b.card));
    const common = majority(said.map(({ label }) => label));
    for (const { card, prediction } of said) card.show(prediction, prediction.label !== common);
    const text = agreement(said);
    this.summary.textContent = text;
    this.summary.classList.toggle("split", new Set(said.map(({ label }) => label)).size > 1);
    this.#read(text);
    return said;
  }

  clear(text = "Draw a digit to see what the models make of it.") {
    for (const card of this.#cards.values()) card.clear();
    this.summary.textContent = text;
    this.summary.classList.remove("split");
    this.#read("");
  }

  /** Show how long the models took since the last time; the first time is the baseline. */
  async measure() {
    const { model_stats: stats } = await get("v2/models/stats").catch(() => ({ model_stats: [] }));
    for (const { name, inference_stats: { compute_infer: run } } of stats) this.#cards.get(name)?.time(run);
  }

  time = settled(() => this.measure(), 250);
}

function makeCard(model, heading, colour) {
  const { labels } = model;
  const shown = labels?.length <= MOST_BARS ? labels : null;
  const label = h("span.label", {}, "–");
  const confidence = h("span.confidence");
  const mark = h("span.mark", { hidden: true }, "differs");
  const bars = h("ol.bars", { "aria-hidden": "true" });
  const rest = h("p.unseen");
  const time = h("span", {}, "");
  const slot = h("div.why", { hidden: true });
  const accuracy = model.test_accuracy ? `${percent(model.test_accuracy, 2)} right in tests` : model.name;
  const element = h(`article.answer.c${colour}`, { "data-model": model.name },
    h("header", {}, h("h3", { title: `${model.name}: ${model.title}` }, heading), mark),
    h("div.verdict", {}, label, confidence),
    bars, rest,
    h("p.meta", {}, h("span", {}, accuracy), time),
    slot);
  let before = null;

  function show({ label: said, probabilities = [] }, differs) {
    const best = Math.max(...probabilities);
    label.textContent = said;
    confidence.textContent = probabilities.length ? percent(best) : "";
    mark.hidden = !differs;
    element.classList.toggle("differs", differs);
    const ranked = probabilities.map((p, i) => [labels?.[i] ?? String(i), p]);
    const ordered = shown ? ranked : [...ranked].sort((a, b) => b[1] - a[1]).slice(0, MOST_BARS);
    if (bars.children.length !== ordered.length) {
      fill(bars, ordered.map(() => h("li", {}, h("i"), h("b"))));
    }
    ordered.forEach(([name, p], i) => {
      const item = bars.children[i];
      item.style.setProperty("--p", p.toFixed(4));
      item.classList.toggle("top", name === said);
      item.lastChild.textContent = name;
    });
    const second = ranked.filter(([name]) => name !== said).sort((a, b) => b[1] - a[1])[0];
    rest.textContent = second ? `Next ${second[0]}, ${percent(second[1])}.` : "";
    element.classList.add("answered");
  }

  return {
    element, heading, slot, show,
    clear() {
      label.textContent = "–";
      confidence.textContent = rest.textContent = "";
      mark.hidden = true;
      element.classList.remove("differs", "answered");
      for (const item of bars.children) item.style.setProperty("--p", 0);
      slot.hidden = true;
    },
    time(run) {
      const count = run.count - (before ?? run).count;
      if (count > 0) time.textContent = milliseconds((run.ns - before.ns) / count / 1e6);
      before = run;
    },
  };
}
