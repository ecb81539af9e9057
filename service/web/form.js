/** A form for a row of a table, made from the inputs of a manifest. */

import { figure, h, labelled, percent, select, uid } from "./dom.js";

/** The columns of a manifest: `{ name, content, integer, seen }`. */
export function columns(inputs) {
  return inputs.flatMap(({ name, columns: named, content, datatype, seen }) =>
    (named.length ? named : [name]).map((column, i) => ({
      name: column, content, seen: seen[i],
      integer: /INT/.test(datatype), bool: datatype === "BOOL", text: datatype === "BYTES",
    })));
}

/** True if a row of these inputs can be typed: no picture, no plain array. */
export const typable = (inputs) =>
  inputs.every(({ content, columns: named }) => content !== "image" && named.length > 0);

/** A form whose `changed()` is called with every edit. */
export class Form {
  #fields;
  #first = {};

  constructor(inputs, changed) {
    this.#fields = columns(inputs).map((column) => makeField(column, () => this.#edited(changed)));
    this.element = h("form.form", { onsubmit: (event) => event.preventDefault(), "aria-label": "The row" },
      this.#fields.map(({ element }) => element));
  }

  get row() {
    return Object.fromEntries(this.#fields.map(({ column, read }) => [column.name, read()]));
  }

  /** Show a row; later edits are compared with it. */
  fill(row) {
    for (const { column, write, element } of this.#fields) {
      write(row[column.name] ?? null);
      element.classList.remove("changed");
    }
    this.#first = this.row;
  }

  /** The row as it was shown at first. */
  get first() {
    return this.#first;
  }

  get edited() {
    return this.#fields.filter(({ column, read }) => read() !== (this.#first[column.name] ?? null)).map(({ column }) => column.name);
  }

  #edited(changed) {
    const edited = this.edited;
    for (const { column, element } of this.#fields) element.classList.toggle("changed", edited.includes(column.name));
    changed();
  }
}

function makeField(column, changed) {
  if (column.bool) return choiceField(column, ["true", "false"], changed, (text) => text === "true");
  if (column.content === "category" && column.text && column.seen) return choiceField(column, column.seen.categories, changed);
  return column.content === "text" || column.text ? textField(column, changed) : numberField(column, changed);
}

function choiceField(column, choices, changed, parse = (text) => text) {
  const control = select([["", "(missing)"], ...choices.map((choice) => [choice, choice])], { onchange: changed });
  const missing = column.seen?.missing;
  return {
    column, element: labelled(column.name, control, missing ? `${percent(missing)} missing in training` : null),
    read: () => (control.value === "" ? null : parse(control.value)),
    write: (value) => (control.value = value === null ? "" : String(value)),
  };
}

function textField(column, changed) {
  const long = column.content === "text";
  const control = h(long ? "textarea" : "input", { rows: long ? 5 : null, type: long ? null : "text", oninput: changed });
  return {
    column, element: labelled(column.name, control),
    read: () => control.value || null,
    write: (value) => (control.value = value ?? ""),
  };
}

/** A number, a slider over what training saw, and a word where the number lies outside. */
function numberField(column, changed) {
  const range = column.seen?.range;
  const described = range ? uid("hint") : null;
  const control = h("input", { "aria-describedby": described, type: "number", step: "any", inputmode: "decimal", placeholder: "(missing)", oninput: () => moved(control.value) });
  const width = range && range.high - range.low;
  const slider = width > 0 ? h("input", {
    type: "range", min: range.low, max: range.high, step: column.integer || whole(range) ? 1 : width / 200,
    "aria-label": `${column.name}, slider`, oninput: () => moved(control.value = rounded(slider.value)),
  }) : null;
  const hint = range ? h("small.hint", { id: described }, `training saw ${figure(range.low)} to ${figure(range.high)}`) : null;
  const element = labelled(column.name, control);
  element.append(...[slider, hint].filter(Boolean));

  function check(text) {
    if (slider) {
      slider.value = text === "" ? (range.low + range.high) / 2 : text;
      slider.classList.toggle("unset", text === "");
    }
    const outside = range && text !== "" && (Number(text) < range.low || Number(text) > range.high);
    if (hint) {
      hint.textContent = `${outside ? "outside what " : ""}training saw${outside ? ":" : ""} ${figure(range.low)} to ${figure(range.high)}`;
      hint.classList.toggle("outside", Boolean(outside));
    }
  }
  function moved(text) {
    check(text);
    changed();
  }
  return {
    column, element,
    read: () => (control.value === "" ? null : Number(control.value)),
    write: (value) => check((control.value = value === null ? "" : String(value))),
  };
}

const whole = ({ low, high }) => Number.isInteger(low) && Number.isInteger(high) && high - low >= 5;
const rounded = (value) => Number(Number(value).toPrecision(6));
