/** Draw, upload or take a digit, and see the models answer side by side. */

import { latest, post, postPicture, settled } from "./api.js";
import { Answers } from "./answers.js";
import { button, busy, fill, h, png, problem, sentence } from "./dom.js";
import { digitModels, samples, setDigit } from "./digit.js";
import { acceptable, blobOf, opened } from "./pictures.js";
import { Pad } from "./pad.js";

const SLOW_MS = 400;
const FITTED = "28×28 pixels, fitted and centred by the service.";
const NO_STEPS = "Nothing had to be done to it.";

export function show(section) {
  let source = null; // a file or a sample, as long as nobody draws on it
  const pad = new Pad((time) => changed(time));
  const seen = h("div.seen");
  const steps = h("p.hint", {}, FITTED);
  const status = h("div");
  const board = h("div.column", {});
  const right = h("div.column", {});
  const legend = h("p.hint", { hidden: true }, "In the heat maps orange pixels speak for the answer, blue ones against it.");
  let answers = null;
  let explainers = [];
  let baseline = null; // of the times that the models took

  const file = h("input.unseen", { type: "file", accept: "image/*", "aria-label": "Upload a picture of a digit", onchange: () => take(file.files[0]) });
  fill(board,
    pad.element,
    h("div.tools", {},
      button("Clear", () => { pad.clear(); changed(performance.now()); }),
      button("Undo", () => { pad.undo(); changed(performance.now()); }),
      h("label.button", {}, file, "Upload")),
    pad.help);
  const shelf = h("div.shelf", { role: "group", "aria-label": "Test samples" });
  fill(section,
    h("h1", {}, "One digit, every model"),
    h("p.lead", {}, "Draw a digit. Classical models and a network answer as you draw, each with its own confidence."),
    h("div.digits-grid", {}, board,
      h("div.column.middle", {}, h("h2", {}, "What the models see"), seen, steps, h("h2", {}, "Or take a sample"), shelf),
      right));

  function changed(time) {
    source = pad.untouched ? source : null;
    if (pad.empty) source = null;
    ask(time);
  }

  async function take(blob) {
    file.value = "";
    if (!blob) return;
    try {
      const picture = await acceptable(blob);
      pad.show(await opened(picture));
      source = { blob: picture };
      ask(performance.now());
    } catch (error) {
      fill(status, problem(error));
    }
  }

  async function takeSample(picture) {
    pad.show(await opened(blobOf(picture)));
    source = { sample: picture };
    ask(performance.now());
  }

  async function compare() {
    if (source?.sample) return post("compare", { instances: [source.sample], return_fitted: true });
    if (source?.blob) return postPicture("compare?fit=mnist&return_fitted=true", source.blob);
    return post("compare", { instances: [pad.png()], fit: "mnist", return_fitted: true });
  }

  const explain = settled((said, current) => {
    for (const { name, ask: renew } of explainers) {
      const own = said.find(({ card }) => card.element.dataset.model === name);
      if (own) renew(current, own.label);
    }
  }, 350);

  const ask = latest(async (time) => {
    if (!answers) return;
    if (pad.empty) return reset();
    const slow = setTimeout(() => section.classList.add("waiting"), SLOW_MS);
    try {
      await (baseline ??= answers.measure());
      if (pad.empty) return reset(); // cleared meanwhile
      const { models, skipped } = await compare();
      if (pad.empty) return reset();
      const said = answers.show(models);
      if (!said.length) throw new Error(skipped[0]?.reason ?? "no model takes this picture");
      const { png: picture, steps: done } = models.find((one) => one.fitted)?.fitted[0] ?? {};
      fill(seen, picture && png(picture, "The image that the models see"));
      steps.textContent = done?.length ? `${sentence(done.join(", "))}.` : NO_STEPS;
      fill(status);
      requestAnimationFrame(() => performance.measure("draw-to-answer", { start: time, end: performance.now() }));
      answers.time();
      if (picture) setDigit(picture).then(() => explain(said, { png: picture }));
    } catch (error) {
      reset("No answer.");
      fill(status, problem(error));
    } finally {
      clearTimeout(slow);
      section.classList.remove("waiting");
    }
  });

  function reset(text) {
    answers.clear(text);
    fill(status);
    fill(seen);
    steps.textContent = FITTED;
    setDigit(null);
  }

  addPaste(section, take);
  fillRight().catch((error) => fill(right, problem(error)));

  async function fillRight() {
    fill(right, busy("Asking which models serve"));
    const models = await digitModels();
    if (!models.length) throw new Error("no model of digits serves here; the other views work without one");
    answers = new Answers(models);
    fill(right, answers.summary, status, answers.element, legend);
    for (const { label, picture } of await samples()) {
      shelf.append(h("button.sample", { type: "button", onclick: () => takeSample(picture) }, png(picture, `Sample ${label}`)));
    }
    if (!pad.empty) ask(performance.now());
    await optional(models);
  }

  /** What only some services offer: explanations, and the layers of the network. */
  async function optional(models) {
    const { explainer } = await import("./explain.js");
    const { digit } = await import("./digit.js");
    explainers = await Promise.all(models.map(async ({ name }) => {
      const { offered, ask: renew } = await explainer(name, answers.slot(name));
      return { name, offered, ask: (_, label) => digit() && renew(digit(), label) };
    }));
    legend.hidden = !explainers.some(({ offered }) => offered);
    const { layers } = await import("./layers.js");
    const found = await layers(models);
    if (found) section.append(found);
    if (!pad.empty) ask(performance.now());
  }
}

/** Pictures can be pasted or dropped anywhere on the view. */
function addPaste(section, take) {
  addEventListener("paste", (event) => {
    const [pasted] = event.clipboardData?.files ?? [];
    if (pasted?.type.startsWith("image/") && section.isConnected) take(pasted);
  });
  section.addEventListener("dragover", (event) => event.preventDefault());
  section.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
}
