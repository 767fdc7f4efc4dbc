// What the other files of the script share.

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [className]
 * @param {string} [text]
 */
export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {string} [text]
 */
export function drawn(tag, attributes = {}, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * @param {string} label
 * @param {() => void} act
 */
export function button(label, act) {
  const element = make("button", "act", label);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

/**
 * @param {number} a
 * @param {number} b
 * @param {number} t
 */
export const mix = (a, b, t) => a + (b - a) * t;

export const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

/** A closed padlock. */
export function padlock() {
  const icon = drawn("svg", { viewBox: "0 0 24 24", width: 20, height: 20, "aria-hidden": "true" });
  icon.append(
    drawn("rect", { x: 4, y: 10, width: 16, height: 11, rx: 2, fill: "currentColor" }),
    drawn("path", { d: "M8 10V7a4 4 0 0 1 8 0v3", fill: "none", stroke: "currentColor", "stroke-width": 2.4 }),
  );
  return icon;
}

/**
 * Call `step` with 0 … 1 over some seconds, eased; at once with 1 where motion is not wanted. Returns what stops it.
 * @param {number} seconds
 * @param {(t: number) => void} step
 */
export function over(seconds, step) {
  if (calm.matches) {
    step(1);
    return () => {};
  }
  let running = 0;
  const start = performance.now();
  /** @param {number} now */
  const frame = (now) => {
    const t = Math.min(Math.max((now - start) / (1000 * seconds), 0), 1);
    step(t * t * (3 - 2 * t));
    if (t < 1) running = requestAnimationFrame(frame);
  };
  running = requestAnimationFrame(frame);
  return () => cancelAnimationFrame(running);
}

/** Goes through the examples of a list, and through those that are lost. */
export class Turns {
  /** @param {{ is_gain: boolean }[]} examples */
  constructor(examples) {
    this.examples = examples;
    this.at = 0;
  }

  another() {
    this.at = (this.at + 1) % this.examples.length;
    return this.at;
  }

  loss() {
    for (let i = 1; i <= this.examples.length; i++) {
      const next = (this.at + i) % this.examples.length;
      if (!this.examples[next].is_gain) {
        this.at = next;
        break;
      }
    }
    return this.at;
  }
}

/**
 * The two buttons below an example, the padlock, and the ratio.
 * @param {Demo} data
 * @param {Turns} turns
 * @param {(i: number) => void} show
 */
export function choices(data, turns, show) {
  const buttons = make("div", "acts");
  if (data.examples.length > 1) buttons.append(button(data.words.another, () => show(turns.another())));
  if (data.examples.some((example) => !example.is_gain)) {
    buttons.append(button(data.words.loss, () => show(turns.loss())));
  }
  const lock = make("p", "lock");
  lock.append(padlock(), " ", data.words.lock);
  return { buttons, lock, ratio: make("p", "small", data.words.ratio) };
}
