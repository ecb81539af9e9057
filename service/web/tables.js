/** A form for every model of a table or of texts; the answer, what made it, and what-if. */

import { latest, methods, model, post, get, settled } from "./api.js";
import { comparison } from "./comparison.js";
import { contributions, markedText, shares } from "./contributions.js";
import { announce, button, busy, figure, fill, h, labelled, milliseconds, percent, problem, select, sentence, signed, waiting, words } from "./dom.js";
import { serving } from "./digit.js";
import { journey } from "./explain.js";
import { Form, typable } from "./form.js";

const MOST_LABELS = 6;

export function show(section) {
  const list = h("div", { role: "navigation", "aria-label": "Models of tables and texts" });
  const content = h("div");
  let chosen = null;
  fill(section,
    h("h1", {}, "Tables"),
    h("p.lead", {}, "Ask a model about one row, see what each column contributed, and move a field to see what changes."),
    list, content);

  return async function update({ rest }) {
    const models = (await serving()).filter(({ modality }) => modality !== "image");
    if (!models.length) return fill(content, none());
    const name = models.some((one) => one.name === rest) ? rest : chosen ?? models[0].name;
    fill(list, links(models, name));
    if (rest && rest !== name) {
      chosen = null;
      return fill(content, problem(new Error(`no model ${rest} of a table serves here; choose another`)));
    }
    if (name === chosen) return;
    chosen = name;
    fill(content, busy(`Reading ${name}`));
    try {
      const found = await view(name);
      if (chosen === name) fill(content, found);
    } catch (error) {
      chosen = null;
      fill(content, problem(error));
    }
  };
}

/** A link for each model; those of one fit, `churn` and `churn-xgboost`, stand together. */
function links(models, current) {
  const rootOf = (name) => models.map((one) => one.name).filter((other) => name === other || name.startsWith(`${other}-`)).sort((a, b) => a.length - b.length)[0];
  const link = ({ name, title }, chosen) =>
    h("a", { href: `#tables/${encodeURIComponent(name)}`, "aria-current": chosen ? "true" : null, title }, name);
  const roots = models.filter(({ name }) => rootOf(name) === name);
  const siblings = models.filter(({ name }) => name !== rootOf(name) && rootOf(name) === rootOf(current));
  return [
    h("div.models-list", {}, roots.map((one) => link(one, one.name === rootOf(current)))),
    siblings.length ? h("div.models-list.siblings", {}, siblings.map((one) => link(one, one.name === current))) : null,
  ];
}

const none = () => h("div.panel.stack", {},
  h("p", {}, "No model of a table serves yet. Train one on a file of your own, and it appears here without a change of code:"),
  h("pre", {}, "rosenblatt fit churn.csv --target churned"),
  h("p", {}, "The view ", h("a", { href: "#data" }, "Your data"), " says first what to expect of a file."));

async function view(name) {
  const [version, offered, samples] = await Promise.all([model(name), methods(name), get(`models/${encodeURIComponent(name)}/samples`)]);
  if (!version) throw new Error(`no version of ${name} serves`);
  const { manifest } = version;
  if (!typable(manifest.inputs)) {
    return h("p.notice", {}, "This model takes plain arrays; ask it over the ", h("a", { href: "docs" }, "API"), ".");
  }
  const answer = h("div.stack");
  const why = h("div.stack");
  const form = new Form(manifest.inputs, () => renew());
  const renew = () => ask(form.first, form.row, form.edited);
  let at = 0;

  function sample() {
    form.fill(samples.instances[at % samples.instances.length]);
    at += 1;
    renew();
  }

  const explain = explainer(name, offered, why, manifest);
  const read = settled(announce, 700);
  const ask = latest(async (sampled, row, edited) => {
    try {
      const { predictions: [first, found] } = await waiting(answer, post("predict", { model: name, instances: [sampled, row] }));
      fill(answer, answered(found, first, manifest, edited));
      read(answer.firstChild.textContent);
      explain(row, found.label);
    } catch (error) {
      fill(answer, problem(error));
      explain(null);
    }
  });
  sample();

  return h("div.stack", {},
    h("div.table-grid", {},
      h("div.stack", {}, h("div", {}, h("h2", {}, manifest.title), h("p.hint", {}, quality(version))),
        form.element, h("div.tools", {}, button("Another sample row", sample))),
      h("div.stack.sticky", {}, h("section.panel.stack", { "aria-label": "Answer" }, answer), offered.length ? why : null)),
    manifest.comparison ? comparison(manifest.comparison) : null);
}

function quality({ test_accuracy: accuracy, test_rmse: rmse, sample_accuracy: onSamples, algorithm, name }) {
  const figures = accuracy ? `${percent(accuracy)} right in tests` : rmse ? `RMSE ${figure(rmse)} in tests` : onSamples ? `${percent(onSamples)} right on its samples` : "";
  return [name, words(algorithm ?? ""), figures].filter(Boolean).join(" · ");
}

/** The answer, and how it moved since the sample was loaded. */
function answered(found, first, { labels, comparison: record }, edited) {
  const target = record?.target ? `${record.target}: ` : "";
  if (found.value !== undefined && found.value !== null) {
    const value = Array.isArray(found.value) ? found.value[0] : found.value;
    const was = Array.isArray(first.value) ? first.value[0] : first.value;
    const [low, high] = [found.interval].flat(2);
    return [h("p.big", {}, target, figure(value)),
      high !== undefined ? h("p.hint", {}, `between ${figure(low)} and ${figure(high)}`) : null,
      edited.length ? h("p", {}, `${signed(value - was)} since the sample (${edited.join(", ")})`) : null];
  }
  const probabilities = found.probabilities ?? [];
  const ranked = probabilities.map((p, i) => [labels?.[i] ?? String(i), p]).sort((a, b) => b[1] - a[1]);
  const before = first.probabilities?.[labels?.indexOf(found.label)];
  const now = ranked[0]?.[1];
  return [h("p.big", {}, target, found.label),
    ranked.length ? shares(ranked.slice(0, MOST_LABELS)) : null,
    edited.length && before !== undefined
      ? h("p", {}, `${edited.join(", ")} changed: ${found.label} was ${percent(before)}, is ${percent(now)}`) : null];
}

/** Renews the contributions in `host` when the hand rests; without a row clears them. */
function explainer(name, offered, host) {
  if (!offered.length) return () => {};
  let last = null;
  const choice = select(offered.map((method) => [method, sentence(words(method))]), { onchange: () => last && run(...last) });
  const bars = h("div");
  const note = h("p.hint");
  fill(host, h("section.panel.stack", { "aria-label": "Contributions" },
    h("h2", {}, "What each part contributed"), labelled("Method", choice), bars, note));
  const run = latest(async (row, label) => {
    last = row && [row, label];
    if (!row) return clear();
    try {
      const answer = await post("explain", { model: name, instances: [row], method: choice.value, ...(label ? { target: label } : {}) });
      const [found] = answer.explanations;
      fill(bars, Array.isArray(found.attribution) ? markedText(found.attribution) : contributions(found.attribution));
      note.textContent = `${found.target ? `For ${found.target}: ` : ""}${journey(found, answer.method)}, in ${milliseconds(answer.milliseconds)}.`;
    } catch (error) {
      clear(problem(error));
    }
  });
  function clear(...rest) {
    fill(bars, rest);
    note.textContent = "";
  }
  return settled(run, 200);
}
