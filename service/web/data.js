/** A file of one's own: what is in it, what the guide advises, and the command that trains it. */

import { latest, postForm } from "./api.js";
import { decision } from "./decision.js";
import { announce, button, busy, figure, fill, h, labelled, percent, problem, select, sentence, term, words } from "./dom.js";
import { title, told } from "./facts.js";

const NONE = "(no target yet)";

export function show(section) {
  const input = h("input.unseen", { type: "file", id: "data-file", accept: ".csv,.tsv,.parquet,.zip,.gz,.jsonl", onchange: () => take(input.files[0]) });
  const drop = h("div.drop", {
    ondragover: (event) => { event.preventDefault(); drop.classList.add("over"); },
    ondragleave: () => drop.classList.remove("over"),
    ondrop: (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      take(event.dataTransfer.files[0]);
    },
  },
    h("p", {}, h("b", {}, "Drop a file here")),
    h("p.hint", {}, "A CSV, Parquet or JSON Lines file, or a zip of pictures in a folder per class."),
    h("label.button", { for: "data-file" }, input, "Choose a file"));
  const result = h("div.stack");
  fill(section,
    h("h1", {}, "Your data"),
    h("p.lead", {}, "The service reads the file, says what is in it and what kind of model it calls for, and forgets it. Nothing is kept."),
    h("div.stack", {}, drop, result));

  function take(file) {
    input.value = "";
    if (file) ask(file, null);
  }

  const ask = latest(async (file, target) => {
    fill(result, busy(`Reading ${file.name}, ${figure(Math.ceil(file.size / 1024))} KB`));
    try {
      const found = await postForm("recommend/profile", { file, target });
      fill(result, profiled(file, target, found, (chosen) => ask(file, chosen)));
      announce(`${file.name}: ${term(found.recommendation.verdict)}.`);
    } catch (error) {
      fill(result, problem(error), target ? button("Read it without a target", () => ask(file, null)) : null);
    }
  });
}

function profiled(file, target, { facts, undecided, profile, recommendation }, choose) {
  const columns = profile.columns?.map(({ name }) => name) ?? [];
  const choice = select([["", NONE], ...columns.map((name) => [name, name])], { onchange: () => choose(choice.value || null) });
  choice.value = target ?? "";
  const notes = [...(profile.warnings ?? []), ...(profile.notes ?? [])];
  return [
    h("section.panel.stack", { "aria-label": "The file" },
      h("h2", {}, file.name),
      columns.length ? labelled("Column to predict", choice) : null,
      columns.length && !target ? h("p.hint", {}, "Choose the column to predict, and the advice takes it into account.") : command(file, target, columns),
      h("dl.facts", {}, Object.entries(facts).map(([name, { value, because }]) => [
        h("dt", {}, title(name)), h("dd", {}, told(value), because ? h("small", {}, because) : null)])),
      undecided.length ? h("p.hint", {}, `Not to be seen in the file: ${undecided.map((one) => title(one.fact ?? one.name ?? "").toLowerCase()).join(", ")}.`) : null,
      notes.length ? h("details", {}, h("summary", {}, notes.length === 1 ? "1 note" : `${notes.length} notes`), h("ul.plain-list", {}, notes.map((text) => h("li", {}, sentence(text))))) : null,
      columns.length ? columnTable(profile.columns) : null),
    h("h2", {}, "What the guide advises"),
    decision(recommendation),
  ];
}

/** The command that trains on the file. */
function command(file, target, columns) {
  const quoted = (text) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
  const line = `rosenblatt fit ${quoted(file.name)}${columns.length && target ? ` --target ${quoted(target)}` : ""}`;
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(line);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
    }
  });
  const code = h("pre", { tabindex: 0, "aria-label": "Command that trains on the file" }, line);
  return h("div.stack", {}, h("h3", {}, "Train, compare and serve models of it"), h("div.command", {}, code, copy));
}

function columnTable(columns) {
  return h("details", {}, h("summary", {}, `${columns.length} columns`),
    h("div.scroll", {}, h("table", {},
      h("thead", {}, h("tr", {}, ["Column", "Kind", "Missing", "Distinct"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, columns.map((one) => h("tr", {},
        h("th", { scope: "row" }, one.name), h("td", {}, words(one.kind)),
        h("td", {}, one.missing_share ? percent(one.missing_share) : "none"), h("td", {}, figure(one.distinct ?? 0))))))));
}
