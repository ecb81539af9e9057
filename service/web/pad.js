/** A board to draw a digit on: by mouse, finger and pen, or by keyboard. Ink is light on dark. */

import { h, uid } from "./dom.js";

const SIZE = 280;
const INK = 21;
const STEP = 14;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Pad {
  #strokes = [];
  #picture = null;
  #cursor = { x: SIZE / 2, y: SIZE / 4, down: false };
  #changed;

  /** `changed(event time)` is called after every bit of ink. */
  constructor(changed) {
    this.#changed = changed;
    const help = h("p.hint", { id: uid("help") }, "Draw one digit, large. Keyboard: arrows move the pen, space lowers and lifts it, Backspace undoes, Delete clears.");
    this.canvas = h("canvas", {
      width: SIZE, height: SIZE, tabindex: 0, role: "application",
      "aria-roledescription": "drawing board", "aria-label": "Draw a digit", "aria-describedby": help.id,
      onpointerdown: (event) => this.#press(event),
      onpointermove: (event) => this.#move(event),
      onpointerup: (event) => this.#release(event),
      onpointercancel: (event) => this.#release(event),
      onlostpointercapture: (event) => this.#release(event),
      onkeydown: (event) => this.#key(event),
      onblur: () => this.#showCursor(false),
    });
    this.#context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.marker = h("span.pen", { hidden: true, "aria-hidden": "true" });
    this.element = h("div.pad", {}, this.canvas, this.marker);
    this.help = help;
    this.#redraw();
  }

  #context;
  #drawing = null;
  #pointer = null;

  get empty() {
    return !this.#strokes.length && !this.#picture;
  }

  /** True while the board shows a picture that nobody has drawn on. */
  get untouched() {
    return Boolean(this.#picture) && !this.#strokes.length;
  }

  clear() {
    this.#lift();
    this.#strokes = [];
    this.#picture = null;
    this.#redraw();
  }

  undo() {
    this.#lift();
    if (!this.#strokes.pop()) this.#picture = null;
    this.#redraw();
  }

  /** Show a picture, as large as the board holds it. */
  show(bitmap) {
    this.#lift();
    this.#strokes = [];
    this.#picture = bitmap;
    this.#redraw();
  }

  /** The board as base64 of a PNG. `toBlob` would wait until the browser is idle. */
  png() {
    return this.canvas.toDataURL("image/png").split(",")[1];
  }

  #point(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = SIZE / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  #press(event) {
    if (event.button || this.#drawing) return; // a palm or a second finger
    this.#pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.#showCursor(false);
    this.#drawing = [this.#point(event)];
    this.#strokes.push(this.#drawing);
    this.#ink(this.#drawing);
    this.#changed(event.timeStamp);
  }

  #move(event) {
    if (!this.#drawing || event.pointerId !== this.#pointer) return;
    const parts = event.getCoalescedEvents?.() ?? [];
    for (const part of parts.length ? parts : [event]) this.#drawing.push(this.#point(part));
    this.#redraw();
    this.#changed(event.timeStamp);
  }

  #release(event) {
    if (event.pointerId === this.#pointer) this.#drawing = null;
  }

  /** End the stroke at hand, of a pointer or of the keyboard. */
  #lift() {
    this.#drawing = null;
    this.#cursor.down = false;
    this.marker.classList.remove("down");
  }

  #key(event) {
    const move = MOVES[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (move) this.#step(...move);
    else if (event.key === " ") this.#toggle();
    else if (event.key === "Backspace") this.undo();
    else if (event.key === "Delete") this.clear();
    else return;
    event.preventDefault();
    this.#showCursor(true);
    this.#changed(event.timeStamp);
  }

  #step(dx, dy) {
    const cursor = this.#cursor;
    cursor.x = Math.min(SIZE - STEP, Math.max(STEP, cursor.x + dx * STEP));
    cursor.y = Math.min(SIZE - STEP, Math.max(STEP, cursor.y + dy * STEP));
    if (!cursor.down) return;
    const stroke = this.#strokes.at(-1);
    stroke.push([cursor.x, cursor.y]);
    this.#redraw();
  }

  #toggle() {
    const cursor = this.#cursor;
    cursor.down = !cursor.down;
    if (!cursor.down) return;
    this.#strokes.push([[cursor.x, cursor.y]]);
    this.#ink(this.#strokes.at(-1));
  }

  #showCursor(visible) {
    this.marker.hidden = !visible;
    if (!visible) this.#cursor.down = false;
    this.marker.classList.toggle("down", this.#cursor.down);
    this.marker.style.left = `${(100 * this.#cursor.x) / SIZE}%`;
    this.marker.style.top = `${(100 * this.#cursor.y) / SIZE}%`;
  }

  #redraw() {
    const context = this.#context;
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIZE, SIZE);
    if (this.#picture) {
      const { width, height } = this.#picture;
      const scale = SIZE / Math.max(width, height);
      context.imageSmoothingEnabled = width > 64;
      context.drawImage(this.#picture, (SIZE - width * scale) / 2, (SIZE - height * scale) / 2, width * scale, height * scale);
    }
    for (const stroke of this.#strokes) this.#ink(stroke);
  }

  #ink(points) {
    const context = this.#context;
    context.strokeStyle = "#fff";
    context.lineWidth = INK;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...points[0]);
    context.lineTo(points[0][0] + 0.1, points[0][1]); // a line without length leaves no dot
    points.slice(1).forEach((point, i) => {
      const next = points[i + 2] ?? point;
      context.quadraticCurveTo(...point, (point[0] + next[0]) / 2, (point[1] + next[1]) / 2);
    });
    context.stroke();
  }
}
