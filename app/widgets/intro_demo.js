/**
 * @typedef {object} PictureDemo
 * @property {"image"} modality
 * @property {Stop[]} stops without a trigger, then at every λ
 * @property {string[]} triggers as data URIs, one per λ
 * @property {number[]} box of the photo in the picture: top, left, height and width as shares of the side
 * @property {PictureExample[]} examples
 * @property {string[]} groups
 * @property {DemoWords} words
 */

/**
 * @typedef {object} SentenceDemo
 * @property {"text"} modality
 * @property {Stop[]} stops without a trigger, then at every λ
 * @property {string[][]} triggers their words, one list per λ
 * @property {boolean} is_behind whether the trigger follows the text
 * @property {boolean} is_nearest whether its words are the nearest ones to learned vectors
 * @property {string} badge the label of the trigger words
 * @property {SentenceExample[]} examples
 * @property {string[]} groups
 * @property {DemoWords} words
 */

/** @typedef {PictureDemo | SentenceDemo} Demo */

/**
 * A position of the slider.
 * @typedef {object} Stop
 * @property {string} name
 * @property {string} tick the name below the slider
 * @property {boolean} is_chosen whether its λ was chosen on validation
 * @property {string} summary for screen readers
 * @property {Figure[]} figures
 * @property {(number | null)[][]} rates per block and group
 * @property {string[]} spreads the difference between the groups, per block
 */

/**
 * @typedef {object} Figure
 * @property {string | null} before without a trigger; null at that stop
 * @property {string} now
 * @property {string} note
 */

/**
 * @typedef {object} PictureExample
 * @property {string} photo data URI
 * @property {string} name group and label
 * @property {string[]} predictions the predicted class at every stop, as text
 * @property {boolean[]} is_right whether the prediction is right, at every stop
 */

/**
 * @typedef {object} SentenceExample
 * @property {string} text
 * @property {string} name group and label
 * @property {string[]} predictions the predicted class at every stop, as text
 * @property {boolean[]} is_right whether the prediction is right, at every stop
 */

/**
 * @typedef {object} DemoWords
 * @property {string} slider
 * @property {string} chosen
 * @property {string[]} figures names of the figures
 * @property {string[]} blocks headings of the blocks of bars
 * @property {string} tick
 * @property {string} examples
 * @property {string} note
 * @property {string} right
 * @property {string} wrong
 */

/**
 * The examples on the screen. `say` writes the outcome of one example at a stop; `draw` draws all of them during a move between stops.
 * @typedef {object} Examples
 * @property {HTMLElement} box
 * @property {{ item: HTMLElement, verdict: HTMLElement }[]} items
 * @property {(i: number, stop: number, outcome: string) => void} say
 * @property {(from: number, to: number, t: number) => void} draw
 */

const SIDE = 192; // px of a canvas; its size on the screen follows the layout
const SECONDS = 0.35; // of the move between two stops

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [className]
 * @param {string} [text]
 */
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * @param {string} source
 * @returns {Promise<HTMLImageElement>}
 */
function picture(source) {
  return new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.src = source;
  });
}

/**
 * @param {number} a
 * @param {number} b
 * @param {number} t
 */
const mix = (a, b, t) => a + (b - a) * t;
/** @param {number | null} share */
const percent = (share) => (share === null ? "–" : `${Math.round(100 * share)} %`);

/**
 * Draw one example during a move: the photo shrinks into its box while the trigger fades in.
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLImageElement} photo
 * @param {HTMLImageElement[]} triggers
 * @param {number[]} box
 * @param {number} from a stop
 * @param {number} to a stop
 * @param {number} t share of the move, 0 to 1
 */
function paint(canvas, photo, triggers, box, from, to, t) {
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const inside = mix(from === 0 ? 0 : 1, to === 0 ? 0 : 1, t);
  const [top, left, height, width] = [mix(0, box[0], inside), mix(0, box[1], inside), mix(1, box[2], inside), mix(1, box[3], inside)];
  brush.clearRect(0, 0, SIDE, SIDE);
  brush.imageSmoothingQuality = "high";
  brush.globalAlpha = 1;
  brush.drawImage(photo, left * SIDE, top * SIDE, width * SIDE, height * SIDE);
  brush.imageSmoothingEnabled = false;
  if (from > 0) {
    brush.globalAlpha = to === 0 ? 1 - t : 1;
    brush.drawImage(triggers[from - 1], 0, 0, SIDE, SIDE);
  }
  if (to > 0 && to !== from) {
    brush.globalAlpha = t;
    brush.drawImage(triggers[to - 1], 0, 0, SIDE, SIDE);
  }
  brush.imageSmoothingEnabled = true;
}

/** @param {Demo} data */
function buildControl(data) {
  const box = make("div", "control");
  const label = make("label", "", data.words.slider);
  const value = make("output", "value");
  const range = make("input");
  range.type = "range";
  range.min = "0";
  range.max = String(data.stops.length - 1);
  range.step = "1";
  range.id = "fp-lam";
  label.htmlFor = range.id;
  value.htmlFor.value = range.id;
  const ticks = make("div", "ticks");
  ticks.setAttribute("aria-hidden", "true");
  data.stops.forEach((stop, i) => {
    const tick = make("span", stop.is_chosen ? "tick chosen" : "tick", stop.tick);
    tick.style.left = `${(100 * i) / (data.stops.length - 1)}%`;
    if (stop.is_chosen) tick.append(make("small", "", data.words.chosen));
    ticks.append(tick);
  });
  const head = make("div", "head");
  head.append(label, value);
  box.append(head, range, ticks);
  return { box, range, value };
}

/** @param {Demo} data */
function buildFigures(data) {
  const box = make("dl", "figures");
  const parts = data.words.figures.map((name) => {
    const group = make("div");
    const before = make("span", "before");
    const now = make("span", "now");
    const value = make("dd");
    value.append(before, now);
    const note = make("dd", "note");
    group.append(make("dt", "", name), value, note);
    box.append(group);
    return { before, now, note };
  });
  return { box, parts };
}

/** @param {Demo} data */
function buildBars(data) {
  const box = make("div", "bars");
  const rows = data.words.blocks.map((heading, block) => {
    const part = make("div", "block");
    const head = make("div", "heading");
    const spread = make("span", "apart");
    head.append(make("h2", "", heading), spread);
    part.append(head);
    const lines = data.groups.map((name, group) => {
      const line = make("div", "line");
      const track = make("div", "track");
      const fill = make("div", "fill");
      const mark = make("div", "mark");
      const base = data.stops[0].rates[block][group];
      mark.style.left = `${100 * (base ?? 0)}%`;
      mark.hidden = base === null;
      track.append(fill, mark);
      const value = make("span", "share");
      line.append(make("span", "name", name), track, value);
      part.append(line);
      return { fill, value };
    });
    box.append(part);
    return { lines, spread };
  });
  box.append(make("p", "note", data.words.tick));
  return { box, rows };
}

/**
 * @param {PictureDemo} data
 * @returns {Promise<Examples>}
 */
async function pictureExamples(data) {
  const [photos, triggers] = await Promise.all([
    Promise.all(data.examples.map((example) => picture(example.photo))),
    Promise.all(data.triggers.map(picture)),
  ]);
  const { box, items } = listed(data, "examples", () => {
    const canvas = make("canvas");
    canvas.width = canvas.height = SIDE;
    canvas.setAttribute("role", "img");
    return { element: canvas };
  });
  /** @type {Examples["say"]} */
  const say = (i, stop, outcome) => {
    const { name, predictions } = data.examples[i];
    items[i].shown.element.setAttribute("aria-label", `${name}; ${predictions[stop]}, ${outcome}`);
  };
  /** @type {Examples["draw"]} */
  const draw = (from, to, t) =>
    items.forEach(({ shown }, i) => paint(shown.element, photos[i], triggers, data.box, from, to, t));
  return { box, items, say, draw };
}

/**
 * @param {SentenceDemo} data
 * @returns {Examples}
 */
function sentenceExamples(data) {
  const { box, items } = listed(data, "examples sentences", (example) => {
    const quote = make("blockquote"), text = make("span", "", example.text);
    const frame = make("span", data.is_nearest ? "words is-nearest" : "words"), words = make("span");
    quote.dir = "auto";
    frame.dir = "auto"; // so that the trigger does not set the direction of the text
    frame.append(make("small", "", data.badge), " ", words);
    quote.append(...(data.is_behind ? [text, " ", frame] : [frame, " ", text]));
    const element = make("div"), outcomeText = make("span", "said");
    element.append(quote, make("small", "name", example.name), outcomeText);
    return { element, frame, words, outcomeText };
  });
  /** @type {Examples["say"]} */
  const say = (i, stop, outcome) => {
    const { frame, words, outcomeText } = items[i].shown;
    outcomeText.textContent = outcome;
    frame.hidden = stop === 0;
    if (stop > 0) words.textContent = data.triggers[stop - 1].join(" ");
  };
  return { box, items, say, draw: () => {} };
}

/**
 * Build the list of examples; `show` makes one example without its verdict.
 * @template {{ photo: string } | { text: string }} Example
 * @template {{ element: HTMLElement }} Shown
 * @param {{ examples: Example[], words: DemoWords }} data
 * @param {string} className
 * @param {(example: Example) => Shown} show
 */
function listed(data, className, show) {
  const box = make("div", className);
  box.append(make("h2", "", data.words.examples));
  const list = make("ul");
  const items = data.examples.map((example) => {
    const item = make("li"), shown = show(example), verdict = make("span", "verdict");
    item.append(shown.element, verdict);
    list.append(item);
    return { item, shown, verdict };
  });
  box.append(list);
  return { box, items };
}

/**
 * @param {HTMLElement} root
 * @param {Demo} data
 */
async function build(root, data) {
  const control = buildControl(data);
  const figures = buildFigures(data);
  const bars = buildBars(data);
  const examples = await (data.modality === "image" ? pictureExamples(data) : sentenceExamples(data));
  const announcement = make("p", "said");
  announcement.setAttribute("aria-live", "polite");
  const top = make("div", "top");
  top.append(control.box, figures.box);
  const body = make("div", "body");
  body.append(examples.box, bars.box);
  root.replaceChildren(top, body, make("p", "note", data.words.note), announcement);

  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let at = 0;
  let running = 0;
  let speaking = 0;

  /** @param {number} stop */
  function write(stop) {
    const state = data.stops[stop];
    control.value.textContent = state.name;
    control.range.setAttribute("aria-valuetext", state.name);
    state.figures.forEach((figure, i) => {
      figures.parts[i].before.textContent = figure.before === null ? "" : `${figure.before} → `;
      figures.parts[i].now.textContent = figure.now;
      figures.parts[i].note.textContent = figure.note;
    });
    state.rates.forEach((shares, block) => {
      bars.rows[block].spread.textContent = state.spreads[block];
      shares.forEach((share, group) => {
        const { fill, value } = bars.rows[block].lines[group];
        fill.style.width = `${100 * (share ?? 0)}%`;
        value.textContent = percent(share);
      });
    });
    data.examples.forEach((example, i) => {
      const { item, verdict } = examples.items[i];
      const outcome = example.is_right[stop] ? data.words.right : data.words.wrong;
      item.className = example.is_right[stop] ? "right" : "wrong";
      verdict.textContent = example.predictions[stop];
      examples.say(i, stop, outcome);
    });
    clearTimeout(speaking);
    speaking = setTimeout(() => (announcement.textContent = state.summary), 400);
  }

  /** @param {number} to */
  function go(to) {
    const from = at;
    at = to;
    write(to);
    cancelAnimationFrame(running);
    if (calm.matches || from === to) {
      examples.draw(to, to, 1);
      return;
    }
    const start = performance.now();
    /** @param {number} now */
    const step = (now) => {
      const t = Math.min((now - start) / (1000 * SECONDS), 1);
      examples.draw(from, to, t * (2 - t));
      if (t < 1) running = requestAnimationFrame(step);
    };
    running = requestAnimationFrame(step);
  }

  control.range.addEventListener("input", () => go(Number(control.range.value)));
  control.range.value = "0";
  go(0);
}

/** @param {Call<Demo>} call */
export default function ({ parentElement, data: [data] }) {
  /** @type {Part & { made?: string }} */
  const root = parentElement.querySelector(".fp-intro");
  const made = JSON.stringify(data);
  if (root.made === made) return; // the page's script ran again with the same data: keep the slider where it is
  root.made = made;
  build(root, data);
}
